"""AVIF: decoded by dav1d (in Pillow), which takes a third of the time of libaom (in libvips)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pyvips
from PIL import Image

from filemill import Context, File, Format, Picture
from filemill_image.formats.brands import is_avif, is_whole
from filemill_image.formats.opening import broken, opened
from filemill_image.formats.orientation import UPRIGHT
from filemill_image.formats.raw_pixels import blank, wrapped
from filemill_image.formats.saving import Encoder, saver, vips

_ORIENTATION = 0x0112
_FAILURES = (OSError, ValueError, SyntaxError, EOFError, RuntimeError)


def _open(file: File, context: Context) -> Picture:
    """Open all frames. Orientation is the file's `irot` and `imir`, which Pillow tells as EXIF does."""
    try:
        with closing(_image(file)) as image:
            (width, height), bands, frames = image.size, len(_mode(image)), getattr(image, "n_frames", 1)
            profile = image.info.get("icc_profile")
            orientation = image.getexif().get(_ORIENTATION, UPRIGHT)
    except _FAILURES as error:
        raise broken(file, error) from error
    return opened(
        file,
        context,
        blank(width, height, bands, profile),
        lambda factor: _decoded(file),
        size=(width, height),
        frames=frames,
        orientation=orientation if orientation in range(1, 9) else UPRIGHT,
        known={"compression": "av1"},
    )


def _image(file: File) -> Any:
    return Image.open(file.path, formats=("AVIF",))


def _mode(image: Any) -> str:
    return "RGBA" if "A" in image.mode else "RGB"


def _decoded(file: File) -> pyvips.Image:
    if not is_whole(file.path):
        raise broken(file, EOFError("its boxes go on after its end"))
    try:
        with closing(_image(file)) as image:
            frames, delays = [], []
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                image.load()
                pixels = image if image.mode == _mode(image) else image.convert(_mode(image))
                frames.append(pixels.tobytes())
                delays.append(round(image.info.get("duration", 0)))
            stacked = frames[0] if len(frames) == 1 else b"".join(frames)
            profile = image.info.get("icc_profile")
            decoded = wrapped(stacked, image.width, image.height * len(frames), len(_mode(image)), profile)
    except _FAILURES as error:
        raise broken(file, error) from error
    if len(frames) > 1:
        decoded.set_type(pyvips.GValue.gint_type, "page-height", decoded.height // len(frames))
        decoded.set_type(pyvips.GValue.gint_type, "n-pages", len(frames))
        decoded.set_type(pyvips.GValue.array_int_type, "delay", delays)
    return decoded


_ENCODER = Encoder(format="avif", encode=vips("heifsave"), transparent=True, animated=False, quality=65, largest=16384)

AVIF = Format(
    name="avif",
    title="AVIF",
    media_types=("image/avif",),
    extensions=("avif", "avifs"),
    kind=Picture,
    sniff=is_avif,
    open=_open,
    save=saver(_ENCODER),
    lossy=True,
)

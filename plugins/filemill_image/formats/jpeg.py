"""JPEG."""

from __future__ import annotations

from math import ceil

import pyvips

from filemill import Context, File, Format, Picture
from filemill_image.formats.jpeg_encoding import encode_jpeg
from filemill_image.formats.jpeg_segments import is_whole
from filemill_image.formats.opening import broken, load, opened
from filemill_image.formats.raw_pixels import AT_ONCE, like
from filemill_image.formats.saving import Encoder, saver
from filemill_image.formats.stripping import stripped_jpeg


def _open(file: File, context: Context) -> Picture:
    header = load("jpegload", file)

    def decode(factor: float) -> pyvips.Image:
        if header.bands < 4 and header.width * header.height / factor**2 <= AT_ONCE:
            try:
                return _turbo(file, header, factor)
            except ValueError:
                pass  # libvips tells what is fatal from what is not, such as bytes between segments
        if not is_whole(file.path.read_bytes()):
            raise broken(file, EOFError("the picture has no end"))
        shrink = max(step for step in (1, 2, 4, 8) if step <= factor)
        return load("jpegload", file, shrink=shrink, access="sequential", fail_on="error")

    return opened(file, context, header, decode)


def _turbo(file: File, header: pyvips.Image, factor: float) -> pyvips.Image:
    """Decode at the smallest n/8 of the size that is not below `1 / factor` of it.

    libjpeg-turbo takes a quarter less CPU than the loader of libvips, which has a full, half, quarter
    or eighth size.

    Raises:
        ValueError: the file is cut short, or has anything else that libjpeg warns of.
    """
    import simplejpeg  # noqa: PLC0415 - brings numpy, a fifth of a second that only workers have to spend

    pixels = simplejpeg.decode_jpeg(
        file.path.read_bytes(),
        "GRAY" if header.bands == 1 else "RGB",
        min_height=int(header.height / factor),
        min_width=int(header.width / factor),
        min_factor=1,
    )
    height, width, _ = pixels.shape
    if height < ceil(header.height / 8) or width < ceil(header.width / 8):
        raise ValueError("the decoder and the header do not agree on the size")
    return like(header, pixels, (width, height))


_ENCODER = Encoder(format="jpeg", encode=encode_jpeg, transparent=False, animated=False, quality=80, largest=65535)

JPEG = Format(
    name="jpeg",
    title="JPEG",
    media_types=("image/jpeg", "image/jpg", "image/pjpeg"),
    extensions=("jpg", "jpeg", "jpe", "jfif"),
    kind=Picture,
    sniff=lambda head: head.startswith(b"\xff\xd8\xff"),
    open=_open,
    save=saver(_ENCODER),
    strip=stripped_jpeg,
    transparent=False,
    lossy=True,
)

"""HEIC and other HEIF: read by libheif in pillow-heif, since the libvips wheel has no HEVC decoder."""

from __future__ import annotations

import pillow_heif
import pyvips

from filemill import Context, File, Format, Picture
from filemill_image.formats.brands import is_heif, is_whole
from filemill_image.formats.opening import broken, opened
from filemill_image.formats.orientation import UPRIGHT
from filemill_image.formats.raw_pixels import blank, wrapped

_FAILURES = (OSError, ValueError, SyntaxError, EOFError, RuntimeError, IndexError)
_BANDS = {"L": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}


def _open(file: File, context: Context) -> Picture:
    """Open the primary picture of the file. libheif turns it upright; EXIF orientation does not count."""
    try:
        heif = pillow_heif.open_heif(file.path)
        (width, height), bands, profile = heif.size, _BANDS[heif.mode], heif.info.get("icc_profile")
        bits = heif.info.get("bit_depth", 8)
    except _FAILURES as error:
        raise broken(file, error) from error
    return opened(
        file,
        context,
        blank(width, height, bands, profile),
        lambda factor: _decoded(file),
        size=(width, height),
        orientation=UPRIGHT,
        known={"bitDepth": bits, "compression": "hevc"},
    )


def _decoded(file: File) -> pyvips.Image:
    if not is_whole(file.path):
        raise broken(file, EOFError("its boxes go on after its end"))
    try:
        heif = pillow_heif.open_heif(file.path)
        bands = _BANDS[heif.mode]
        row = heif.stride // bands  # rows are padded to a multiple of some bytes
        image = wrapped(heif.data, row, heif.size[1], bands, heif.info.get("icc_profile"))
    except _FAILURES as error:
        raise broken(file, error) from error
    image = image.crop(0, 0, *heif.size)
    return image.unpremultiply().cast("uchar") if heif.mode.endswith("a") else image


HEIC = Format(
    name="heic",
    title="HEIC",
    media_types=("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
    extensions=("heic", "heif", "hif"),
    kind=Picture,
    sniff=is_heif,
    open=_open,
)

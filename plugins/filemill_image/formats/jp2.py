"""JPEG 2000, by OpenJPEG in Pillow."""

from __future__ import annotations

import io
from bisect import bisect_left
from contextlib import closing
from typing import Any

import pyvips
from PIL import Image, UnidentifiedImageError

from filemill import Context, ErrorCode, File, FilemillError, Format, Picture
from filemill_image.formats.jp2_header import BOXES, CODESTREAM, Jp2Header, read_header
from filemill_image.formats.opening import broken, check_memory, opened
from filemill_image.formats.orientation import UPRIGHT
from filemill_image.formats.raw_pixels import blank, sampled
from filemill_image.formats.saving import Encoder, saver

_FAILURES = (OSError, ValueError, SyntaxError, EOFError, RuntimeError)
_CMYK, _BLACK_IS_0, _SRGB, _GREY, _SYCC = 12, 15, 16, 17, 18
_SPACES = {None, _CMYK, _BLACK_IS_0, _SRGB, _GREY, _SYCC}
"""The numbers of the colour spaces that are read (ISO/IEC 15444-1, I.5.3.3); OpenJPEG turns sYCC into RGB."""
_BANDS = {"L": 1, "I;16": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
_PALETTES = {"P": "RGB", "PA": "RGBA"}

_DECIBELS = {1: 23.0, 10: 28.5, 50: 35.0, 80: 39.0, 90: 42.0, 95: 45.0, 100: 50.0}
"""The PSNR that is aimed at, by quality: about that of JPEGs of photographs, for about as many bytes."""


def _open(file: File, context: Context) -> Picture:
    """Open a picture; a file has no orientation."""
    try:
        header = read_header(file.path)
        with closing(_image(file)) as image:
            size, mode = image.size, image.mode
    except UnidentifiedImageError:  # its message has the path
        raise broken(file, ValueError("its header is not one of a picture")) from None
    except _FAILURES as error:
        raise broken(file, error) from error
    if header.space not in _SPACES or header.components > 4:
        raise FilemillError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"The colours of {file.name!r} are of a space that is not read here: it has to be grey, RGB, sYCC or CMYK.",
        )
    if size != (header.width, header.height) or mode not in _BANDS | _PALETTES:
        raise broken(file, ValueError("its header and its codestream do not agree"))
    described = blank(1, 1, len(_PALETTES[mode]) if mode in _PALETTES else _BANDS[mode])
    return opened(
        file,
        context,
        described.copy(interpretation="cmyk") if mode == "CMYK" else described,
        lambda factor: _decoded(file, header, mode, factor, context),
        size=size,
        orientation=UPRIGHT,
        known={"bitDepth": header.bits, "compression": "jpeg-2000"},
    )


def _image(file: File) -> Any:
    return Image.open(file.path, formats=("JPEG2000",))


def _decoded(file: File, header: Jp2Header, mode: str, factor: float, context: Context) -> pyvips.Image:
    halvings = _halvings(header, factor)
    try:
        try:
            return _pixels(file, header, mode, halvings, context)
        except _FAILURES:
            if not halvings:
                raise
            return _pixels(file, header, mode, 0, context)  # a tile may have fewer levels than the header promises
    except _FAILURES as error:
        raise broken(file, error) from error


def _halvings(header: Jp2Header, factor: float) -> int:
    """Return how often the picture is halved while it is decoded.

    Pillow (13) rounds the sides of the result, the format rounds them up: where that differs it refuses the file.
    """
    if header.palette:
        return 0
    sides = header.width, header.height
    most = min(header.levels, int(factor).bit_length() - 1)
    fitting = (n for n in range(most, 0, -1) if all((side + (1 << n >> 1)) >> n == -(-side >> n) for side in sides))
    return next(fitting, 0)


def _pixels(file: File, header: Jp2Header, mode: str, halvings: int, context: Context) -> pyvips.Image:
    check_memory((header.width >> halvings) * (header.height >> halvings), context)
    with closing(_image(file)) as image:
        image.reduce = halvings
        image.load()
        pixels = image.convert(_PALETTES[mode]) if mode in _PALETTES else image
        bands = len(pixels.getbands())
        wrapped = sampled(pixels.tobytes(), image.width, image.height, bands, header.profile)
    if wrapped is None:
        raise ValueError("it has too few pixels")
    if header.bits < 8 and mode not in _PALETTES:  # moved up by OpenJPEG, so that white is no longer white
        most = ((1 << header.bits) - 1) << (8 - header.bits)
        wrapped = wrapped.linear(255 / most, 0, uchar=True).copy(interpretation=wrapped.interpretation)
    return wrapped.copy(interpretation="cmyk") if mode == "CMYK" else wrapped


def _encode(image: pyvips.Image, options: dict[str, Any]) -> bytes:
    if image.bands < 3:
        image = image.colourspace("srgb")
    pixels: Any = image.write_to_memory()
    picture = Image.frombuffer("RGBA" if image.bands == 4 else "RGB", (image.width, image.height), pixels)
    settings: dict[str, Any] = {"mct": 1, "irreversible": False}
    if not options.get("lossless"):
        settings |= {"irreversible": True, "quality_mode": "dB", "quality_layers": [_decibels(options["Q"])]}
    written = io.BytesIO()
    picture.save(written, "JPEG2000", **settings)
    return written.getvalue()


def _decibels(quality: int) -> float:
    known = list(_DECIBELS)
    upper = max(bisect_left(known, quality), 1)
    left, right = known[upper - 1], known[upper]
    return _DECIBELS[left] + (_DECIBELS[right] - _DECIBELS[left]) * (quality - left) / (right - left)


_ENCODER = Encoder(format="jp2", encode=_encode, transparent=True, animated=False, quality=80, largest=65535)

JP2 = Format(
    name="jp2",
    title="JPEG 2000",
    media_types=("image/jp2", "image/jpx", "image/j2c"),
    extensions=("jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
    kind=Picture,
    sniff=lambda head: head.startswith((BOXES, CODESTREAM)),
    open=_open,
    save=saver(_ENCODER),
    lossy=True,
)

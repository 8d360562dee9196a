"""Makes documents smaller."""

from __future__ import annotations

import math

import pikepdf
import pyvips
from pikepdf import Array, Name, Object, Stream

from filemill import Context, Document
from filemill_pdf.opening import open_pdf, save_pdf
from filemill_pdf.operations.compress import CompressPdf
from filemill_pdf.picture_streams import jpeg_of
from filemill_pdf.placements import Placements

_LEAST_PIXELS = 64 * 64
"""Smaller pictures are not worth an encoder's header."""
_LEAST_SAVED = 0.9
"""A picture is exchanged where the new one has at most this share of its bytes: each encode costs quality."""
_POINTS_PER_INCH = 72
_HEADROOM = 1.2
"""Pictures that are only a little finer than wanted keep their pixels: they would get blurred for little."""
_SPACES = {"/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3}


def compressed(document: Document, settings: CompressPdf, context: Context) -> Document:
    """Write a document smaller, or give it back as it is where that fails."""
    exchanged = 0
    with open_pdf(document, context) as pdf:
        if settings.pictures:
            placements = Placements()
            for page in pdf.pages:
                placements.add(page)
            # A picture could be drawn larger where drawings were left out.
            sizes = sorted(placements.sizes.items()) if placements.complete else []
            for number, (objgen, size) in enumerate(sizes, 1):
                exchanged += _exchange(pdf.get_object(objgen), size, settings, context)
                context.progress(number, len(sizes))
        made = save_pdf(pdf, context, document.file.name, recompress=True)
    context.report(pictures=exchanged)
    if made.file.size < document.file.size:
        return made
    made.file.path.unlink()
    return document


def _exchange(stream: Object, size: tuple[float, float], settings: CompressPdf, context: Context) -> int:
    """Write a picture anew, where it is of a kind that allows it and gets smaller: 1, else 0."""
    assert isinstance(stream, Stream)
    image = _pixels(stream, context)
    if image is None:
        return 0
    width, height = (max(1, math.ceil(side * settings.dpi / _POINTS_PER_INCH)) for side in size)
    factor = min(image.width / width, image.height / height)
    if factor > _HEADROOM:
        image = image.thumbnail_image(
            max(1, round(image.width / factor)), height=max(1, round(image.height / factor)), size="force"
        )
    data = jpeg_of(image, settings.quality)
    if len(data) > len(stream.read_raw_bytes()) * _LEAST_SAVED:
        return 0
    stream.write(data, filter=Name.DCTDecode)
    stream["/Width"], stream["/Height"], stream["/BitsPerComponent"] = image.width, image.height, 8
    return 1


def _pixels(stream: Stream, context: Context) -> pyvips.Image | None:
    """Return a picture's pixels, grey or RGB in 8 bits; None where it is of another kind."""
    about = stream.stream_dict
    width, height, bits = (_number(about.get(key)) for key in ("/Width", "/Height", "/BitsPerComponent"))
    bands = _bands(about.get("/ColorSpace"))
    if bands is None or bits != 8:
        return None
    if not _LEAST_PIXELS <= width * height <= context.limits.max_pixels:
        return None
    if bool(about.get("/ImageMask")) or "/Decode" in about or isinstance(about.get("/Mask"), Array):
        return None
    mask = about.get("/SMask")
    if isinstance(mask, Stream) and "/Matte" in mask.stream_dict:  # its colours hold for its own pixels only
        return None
    filters = about.get("/Filter")
    names = [str(one) for one in filters] if isinstance(filters, Array) else [str(filters)]
    try:
        if names == ["/DCTDecode"]:
            image = pyvips.Image.jpegload_buffer(stream.read_raw_bytes(), fail_on="error")
            as_told = (image.width, image.height, image.bands) == (width, height, bands)
            return image.copy_memory() if as_told and "/DecodeParms" not in about else None
        if names in (["/FlateDecode"], ["/LZWDecode"]):
            data = stream.read_bytes()
            if len(data) >= width * height * bands:
                return pyvips.Image.new_from_memory(data, width, height, bands, "uchar")
    except (pikepdf.PdfError, pyvips.Error, NotImplementedError):
        return None
    return None


def _bands(space: Object | None) -> int | None:
    if isinstance(space, Name):
        return _SPACES.get(str(space))
    if isinstance(space, Array) and len(space) > 1:
        if space[0] == Name.ICCBased and isinstance(space[1], Stream):
            count = _number(space[1].stream_dict.get("/N"))
            return count if count in (1, 3) else None
        return _SPACES.get(str(space[0]))
    return None


def _number(value: object) -> int:
    """Return a whole number as it stands in a dictionary; 0 where there is none."""
    return value if isinstance(value, int) else 0

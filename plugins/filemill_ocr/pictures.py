"""Pictures inside a PDF: a JPEG as it is, anything else without loss."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pikepdf
import pyvips
from pikepdf import Dictionary, Name

from filemill import Document, File, Picture
from filemill.context import Context
from filemill.document import POINTS_PER_INCH
from filemill_ocr.matrices import centred, number
from filemill_ocr.sheets import natural_dpi

_TURNED = {1: 0, 3: 180, 6: 90, 8: 270}
"""EXIF orientations that are turns, in degrees clockwise; the others are mirrored."""
_LEAST_POINTS = 3
"""Of a page's side (ISO 32000-1, annex C)."""
_PNG_PREDICTOR = 15
_SIGNATURE = 8


def as_document(picture: Picture, context: Context) -> Document:
    """Write a picture as a PDF, each frame a page of its natural size, and open it."""
    pdf = pikepdf.new()
    jpeg = _whole_jpeg(pdf, picture)
    for image in picture.pages():
        dpi = natural_dpi(image)
        width, height = (side * POINTS_PER_INCH / dpi for side in (image.width, image.height))
        page = pdf.add_blank_page(page_size=(max(width, _LEAST_POINTS), max(height, _LEAST_POINTS)))
        stored, degrees = jpeg or (_lossless(pdf, image), 0)
        _show(pdf, page, stored, degrees, (height, width) if degrees % 180 else (width, height))
    path = context.path("pdf")
    pdf.save(path, deterministic_id=True)
    name = picture.source.name if picture.source is not None else "scan"
    return Document.read(File(path, name, "pdf", path.stat().st_size), limits=context.limits)


def draw_over(pdf: pikepdf.Pdf, page: pikepdf.Page, image: pyvips.Image, rotation: int) -> int:
    """Put a picture of a page in the place of all that is drawn on it; return the bytes it takes.

    Args:
        pdf: to which the page belongs.
        page: whose content is replaced; its size, turn and annotations stay.
        image: the page as it is shown.
        rotation: degrees clockwise by which the page is turned before it is shown.
    """
    left, bottom, right, top = (float(side) for side in page.cropbox)
    size = (right - left, top - bottom)
    stored = _lossless(pdf, image)
    _show(pdf, page, stored, -rotation, size[::-1] if rotation % 180 else size)
    return len(stored.read_raw_bytes())


def _show(pdf: pikepdf.Pdf, page: pikepdf.Page, image: pikepdf.Stream, degrees: int, size: tuple[float, float]) -> None:
    """Make a picture all that a page shows.

    Args:
        pdf: to which the page belongs.
        page: on whose middle the picture is laid.
        image: as it is stored.
        degrees: by which it is turned clockwise.
        size: width and height of the picture before it is turned, points.
    """
    page.obj.Resources = Dictionary(XObject=Dictionary({"/Scan": image}))
    across, down = map(number, size)
    drawing = f"q {centred(*size, -degrees, page)} cm {across} 0 0 {down} 0 0 cm /Scan Do Q\n"
    page.obj.Contents = pdf.make_stream(drawing.encode())


def _whole_jpeg(pdf: pikepdf.Pdf, picture: Picture) -> tuple[pikepdf.Stream, int] | None:
    """Return the JPEG a picture still is, and how it is turned; None where PDF would show it differently."""
    source = picture.source
    if source is None or source.format != "jpeg" or picture.frames > 1:
        return None
    header = pyvips.Image.jpegload(str(source.path))
    orientation = header.get("orientation") if header.get_typeof("orientation") else 1
    if header.bands not in (1, 3) or orientation not in _TURNED:
        return None
    image = pdf.make_stream(source.path.read_bytes(), _header(header.width, header.height, header.bands, 8))
    image.Filter = Name.DCTDecode
    if header.get_typeof("icc-profile-data"):
        profile = pdf.make_stream(bytes(header.get("icc-profile-data")), N=header.bands)
        image.ColorSpace = pikepdf.Array([Name.ICCBased, pdf.make_indirect(profile)])
    return image, _TURNED[orientation]


def _lossless(pdf: pikepdf.Pdf, image: pyvips.Image) -> pikepdf.Stream:
    """Return a picture as the compressed rows of a PNG: PDF has the same filter."""
    if image.hasalpha():
        image = image.flatten(background=255)
    image = image.copy_memory()
    if image.bands == 3 and (image[0] - image[1]).abs().max() == 0 and (image[1] - image[2]).abs().max() == 0:
        image = image[0]
    # Black and white: no value is between.
    bits = 1 if image.bands == 1 and ((image > 0) & (image < 255)).max() == 0 else 8
    plain = image.copy(interpretation="b-w" if image.bands == 1 else "srgb")
    png = bytes(plain.pngsave_buffer(bitdepth=bits, filter="none" if bits == 1 else "all"))
    stream = pdf.make_stream(b"".join(_rows_of(png)), _header(image.width, image.height, image.bands, bits))
    stream.Filter = Name.FlateDecode
    stream.DecodeParms = Dictionary(
        Predictor=_PNG_PREDICTOR, Colors=image.bands, BitsPerComponent=bits, Columns=image.width
    )
    return stream


def _header(width: int, height: int, bands: int, bits: int) -> dict[str, object]:
    return {
        "/Type": Name.XObject,
        "/Subtype": Name.Image,
        "/Width": width,
        "/Height": height,
        "/ColorSpace": Name.DeviceGray if bands == 1 else Name.DeviceRGB,
        "/BitsPerComponent": bits,
    }


def _rows_of(png: bytes) -> Iterator[bytes]:
    """Yield what stands in the `IDAT` chunks of a PNG (W3C PNG specification, 5.3)."""
    place = _SIGNATURE
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        if kind == b"IDAT":
            yield png[place + 8 : place + 8 + length]
        place += 12 + length

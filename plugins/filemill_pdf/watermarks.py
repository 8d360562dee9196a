"""Puts texts and pictures on the pages of documents."""

from __future__ import annotations

import math
from copy import copy
from functools import cache
from xml.sax.saxutils import escape

import pikepdf
import pyvips
from pikepdf import Array, Dictionary, Name, Object, Stream

from filemill import Context, Document, ErrorCode, FilemillError, Picture
from filemill.errors import invalid
from filemill_pdf.ink import ink
from filemill_pdf.opening import open_pdf, save_pdf
from filemill_pdf.operations.watermark import Layer, Place, WatermarkPdf
from filemill_pdf.page_ranges import chosen
from filemill_pdf.picture_streams import picture_stream

_TEXT_PIXELS = 200
"""Font size at which a text is drawn: sharp on paper for a line as wide as a page."""
_LONGEST_SIDE = 2000
"""Most pixels of a side of a watermark."""
_ACROSS = {"left": 0.0, "right": 1.0}
_UP = {"bottom": 0.0, "top": 1.0}
_NAME = "/FilemillMark"


def watermarked(document: Document, settings: WatermarkPdf, context: Context) -> Document:
    """Put a watermark on pages."""
    numbers = chosen(settings.pages, document.pages, "/pages")
    image = _mark(settings, context)
    with open_pdf(document, context) as pdf:
        drawn = pdf.make_indirect(_stream(pdf, image, settings))
        for number in numbers:
            page = pdf.pages[number - 1]
            form = _form(pdf, page, drawn, image.height / image.width, settings)
            name = _add_resource(page.obj, form)
            page.contents_add(b"q\n", prepend=True)
            page.contents_add(b"\nQ\n")
            page.contents_add(f"q {name} Do Q\n".encode(), prepend=settings.layer is Layer.UNDER)
        return save_pdf(pdf, context, document.file.name)


def _mark(settings: WatermarkPdf, context: Context) -> pyvips.Image:
    """Return the watermark's pixels: of a text its mask, 255 where there is ink."""
    if settings.text is not None:
        if not _any_font():
            raise FilemillError(ErrorCode.OPERATION_UNAVAILABLE, "No font is installed on the server.")
        try:
            mask = _small(_lettered(settings.text, settings.font))
        except pyvips.Error:
            mask = None
        if mask is None or mask.max() == 0:
            raise invalid("/text", f"{settings.text!r} draws nothing: it needs a character that can be seen.")
        return mask
    assert settings.image is not None
    picture = context.source(settings.image, Picture)
    factor = max(1.0, max(picture.width, picture.height) / _LONGEST_SIDE)
    return _small(picture.pages(factor)[0])


def _small(image: pyvips.Image) -> pyvips.Image:
    return image.thumbnail_image(_LONGEST_SIDE, height=_LONGEST_SIDE, size="down").copy_memory()


def _lettered(text: str, font: str) -> pyvips.Image:
    return pyvips.Image.text(escape(text), font=f"{font} {_TEXT_PIXELS}", dpi=72, align="centre")


@cache
def _any_font() -> bool:
    """Whether Pango finds a font: where it has none it draws every character as the same empty box."""
    narrow, wide = (_lettered(letter, "sans") for letter in "iW")
    return bool((narrow.width, narrow.height) != (wide.width, wide.height))


def _stream(pdf: pikepdf.Pdf, image: pyvips.Image, settings: WatermarkPdf) -> Stream:
    """Return the watermark as a stream: of a text one pixel of its colour under its mask."""
    if settings.text is None:
        return picture_stream(pdf, image)
    colour = (pyvips.Image.black(1, 1, bands=3) + list(ink(settings.colour, "/colour"))).cast("uchar")
    stream = picture_stream(pdf, colour.copy_memory())
    stream["/SMask"] = pdf.make_indirect(picture_stream(pdf, image))
    return stream


def _form(pdf: pikepdf.Pdf, page: pikepdf.Page, drawn: Object, ratio: float, settings: WatermarkPdf) -> Object:
    """Return a form that draws the watermark on a page, in the page's own coordinates."""
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    turn = page.rotation % 360
    width, height = right - left, top - bottom
    shown = (height, width) if turn % 180 else (width, height)
    matrix = {
        0: (1, 0, 0, 1, left, bottom),
        90: (0, 1, -1, 0, right, bottom),
        180: (-1, 0, 0, -1, right, top),
        270: (0, -1, 1, 0, left, top),
    }[turn]
    box = _placed(shown, ratio, settings)
    content = f"{_numbers(*matrix)} cm {_numbers(*box)} cm /GS gs /Im Do".encode()
    opacity = Dictionary(Type=Name.ExtGState, ca=settings.opacity, CA=settings.opacity)
    return pdf.make_indirect(
        Stream(
            pdf,
            content,
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([left, bottom, right, top]),
            Resources=Dictionary(XObject=Dictionary(Im=drawn), ExtGState=Dictionary(GS=opacity)),
        )
    )


def _placed(page: tuple[float, float], ratio: float, settings: WatermarkPdf) -> tuple[float, ...]:
    """Return the matrix that puts the unit square in its place on a page as it is shown."""
    angle = -math.radians(settings.rotate)
    cosine, sine = math.cos(angle), math.sin(angle)
    width = page[0] * settings.size
    room = [max(1.0, side - 2 * settings.margin) for side in page]
    taken = [abs(cosine) + ratio * abs(sine), abs(sine) + ratio * abs(cosine)]
    width = min(width, *(space / part for space, part in zip(room, taken, strict=True)))
    height = width * ratio
    free = [side - width * part for side, part in zip(page, taken, strict=True)]
    at = [_share(settings.position, _ACROSS), _share(settings.position, _UP)]
    margins = [min(settings.margin, space / 2) for space in free]
    centre = [
        margin + (space - 2 * margin) * share + width * part / 2
        for margin, space, share, part in zip(margins, free, at, taken, strict=True)
    ]
    return (
        width * cosine,
        width * sine,
        -height * sine,
        height * cosine,
        centre[0] - (width * cosine - height * sine) / 2,
        centre[1] - (width * sine + height * cosine) / 2,
    )


def _share(place: Place, sides: dict[str, float]) -> float:
    return next((share for side, share in sides.items() if side in place.value.split("-")), 0.5)


def _add_resource(page: Object, form: Object) -> str:
    """Give a page a form under a name that is free on it; resources that pages share stay as they are."""
    own = page.get("/Resources")
    resources = copy(own) if isinstance(own, Dictionary) else Dictionary()
    known = resources.get("/XObject")
    drawn = copy(known) if isinstance(known, Dictionary) else Dictionary()
    name = next(f"{_NAME}{number}" for number in range(len(drawn) + 1) if f"{_NAME}{number}" not in drawn)
    drawn[name] = form
    resources["/XObject"] = drawn
    page["/Resources"] = resources
    return name


def _numbers(*numbers: float) -> str:
    return " ".join(f"{number:.4f}" for number in numbers)

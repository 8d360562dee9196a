"""Makes documents of pictures."""

from __future__ import annotations

from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from filemill import Context, Document, Picture
from filemill.errors import invalid
from filemill_pdf.jpeg_files import plain_jpeg
from filemill_pdf.opening import save_pdf
from filemill_pdf.operations.images_to_pdf import ImagesToPdf, Orientation, PictureFit
from filemill_pdf.picture_streams import picture_stream

_POINTS_PER_MM = 72 / 25.4
_POINTS_PER_PIXEL = 72 / 96
"""Of a picture that does not say its resolution: CSS pixels."""
_UNKNOWN = {1.0}
"""Pixels a millimetre that libvips gives for a picture without resolution."""
_LONGEST_SIDE = 14400.0
"""Largest page that readers show, points (ISO 32000-1, annex C)."""


@dataclass(frozen=True)
class Placement:
    """A page and the place of its picture on it, points: the size of the page, the lower left corner, the size."""

    page: tuple[float, float]
    corner: tuple[float, float]
    size: tuple[float, float]


def document_of(pictures: list[Picture], settings: ImagesToPdf, context: Context) -> Document:
    """Make a document with a page for each frame of each picture.

    Raises:
        FilemillError: `INVALID_PARAMETER` where there are more frames than a document may have pages.
    """
    count = sum(picture.frames for picture in pictures)
    if count > context.limits.max_frames:
        raise invalid("", f"There would be {count} pages; {context.limits.max_frames} are allowed.")
    with pikepdf.Pdf.new() as pdf:
        for number, picture in enumerate(pictures, 1):
            for drawn, density in _drawn(pdf, picture, settings):
                place = placed((int(drawn.Width), int(drawn.Height)), density, settings)
                _add_page(pdf, drawn, place, settings.margin if settings.fit is PictureFit.COVER else None)
            context.progress(number, len(pictures))
        return save_pdf(pdf, context, "document.pdf")


def placed(pixels: tuple[int, int], points_per_pixel: float, settings: ImagesToPdf) -> Placement:
    """Return where a picture of so many pixels stands."""
    natural = (pixels[0] * points_per_pixel, pixels[1] * points_per_pixel)
    margin = settings.margin
    paper = settings.page_size.size
    if paper is None:
        shrink = min(1.0, *((_LONGEST_SIDE - 2 * margin) / side for side in natural))
        size = natural[0] * shrink, natural[1] * shrink
        return Placement((size[0] + 2 * margin, size[1] + 2 * margin), (margin, margin), size)
    across = settings.orientation is Orientation.LANDSCAPE or (
        settings.orientation is Orientation.AUTO and natural[0] > natural[1]
    )
    page = (paper[1], paper[0]) if across else paper
    ratios = [(side - 2 * margin) / own for side, own in zip(page, natural, strict=True)]
    scale = max(ratios) if settings.fit is PictureFit.COVER else min(ratios)
    if settings.fit is PictureFit.SHRINK:
        scale = min(scale, 1.0)
    size = natural[0] * scale, natural[1] * scale
    return Placement(page, ((page[0] - size[0]) / 2, (page[1] - size[1]) / 2), size)


def _drawn(pdf: pikepdf.Pdf, picture: Picture, settings: ImagesToPdf) -> list[tuple[Stream, float]]:
    """Return the frames of a picture as picture streams, each with its points a pixel."""
    jpeg = plain_jpeg(picture) if settings.quality is None else None
    if jpeg is not None:
        return [(jpeg.stream(pdf), _density(jpeg.resolution, settings))]
    pages = (page.copy_memory() for page in picture.pages())
    return [(picture_stream(pdf, page, settings.quality), _density(page.xres, settings)) for page in pages]


def _density(resolution: float, settings: ImagesToPdf) -> float:
    if settings.dpi is not None:
        return 72 / settings.dpi
    return _POINTS_PER_PIXEL if resolution in _UNKNOWN else _POINTS_PER_MM / resolution


def _add_page(pdf: pikepdf.Pdf, drawn: Object, place: Placement, margin: float | None) -> None:
    (width, height), (left, bottom), (across, up) = place.page, place.corner, place.size
    content = f"q {across:.4f} 0 0 {up:.4f} {left:.4f} {bottom:.4f} cm /Im0 Do Q".encode()
    if margin is not None:
        box = f"{margin:.4f} {margin:.4f} {width - 2 * margin:.4f} {height - 2 * margin:.4f}"
        content = f"q {box} re W n ".encode() + content + b" Q"
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, round(width, 4), round(height, 4)]),
        Resources=Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(drawn))),
        Contents=pdf.make_stream(content),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))

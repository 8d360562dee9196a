"""The sheets of a scan: pictures of pages in grey, at a resolution that Tesseract reads well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyvips

from filemill import Document
from filemill.document import POINTS_PER_INCH

LOWEST_DPI, HIGHEST_DPI = 150, 300
"""Between these, text of ten to twelve points is read with 0.3 to 0.6 % errors; below, errors grow tenfold,
above, only time does."""

_MOST_PIXELS = 40_000_000
"""Of one sheet: A2 at 300 dpi. Tesseract takes about ten bytes for each, and time."""

_PAPER_INCHES = 11.69
"""The longer side of A4, which a picture without a believable resolution is taken for."""

_STAMP_INCHES = 4
_BELIEVABLE_DPI = range(100, 601)
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture of a page.

    Attributes:
        image: one band, 8 bits, in memory.
        dpi: dots per inch.
    """

    image: pyvips.Image
    dpi: int


def page_dpi(document: Document, number: int) -> int:
    """Return the resolution to draw a page of a document in: that of the scan on it, within bounds.

    A page without a picture is drawn in 300 dpi; one that would have too many pixels in less.
    """
    found = document.image_dpi(number)
    wanted = HIGHEST_DPI if found is None else min(max(round(found), LOWEST_DPI), HIGHEST_DPI)
    width, height = (side / POINTS_PER_INCH for side in document.size(number))
    most = min(
        math.sqrt(min(_MOST_PIXELS, document.limits.max_pixels) / (width * height)),
        (document.limits.max_dimension - 1) / max(width, height),
    )
    return max(1, min(wanted, math.floor(most)))


def drawn(document: Document, number: int) -> Sheet:
    """Draw a page of a document."""
    dpi = page_dpi(document, number)
    return Sheet(document.render(number, dpi, grey=True).image, dpi)


def natural_dpi(image: pyvips.Image) -> float:
    """Return the resolution of a picture: its tag where it can be true, else that of a sheet of A4.

    A fine tag on a picture of few pixels is not believed: it would make a stamp of a page.
    """
    longer = max(image.width, image.height)
    tag = image.xres * _MM_PER_INCH if image.xres > 0 else 0.0
    stamp = tag > HIGHEST_DPI and longer / tag < _STAMP_INCHES
    return tag if round(tag) in _BELIEVABLE_DPI and not stamp else longer / _PAPER_INCHES


def taken(image: pyvips.Image) -> Sheet:
    """Make the sheet of a picture in sRGB.

    It is made smaller only where both its tag and its size say that it is finer than 300 dpi, so that a
    lying tag costs no detail.
    """
    dpi = natural_dpi(image)
    grey = grey_of(image)
    finest = min(dpi, max(image.width, image.height) / _PAPER_INCHES)
    factor = max(1.0, finest / HIGHEST_DPI, math.sqrt(image.width * image.height / _MOST_PIXELS))
    if factor > 1.0:
        grey = grey.resize(1 / factor, kernel="lanczos3")
    return Sheet(grey.copy_memory(), min(max(round(dpi / factor), LOWEST_DPI), HIGHEST_DPI))


def grey_of(image: pyvips.Image) -> pyvips.Image:
    """Return a picture in grey, on white where it is transparent."""
    if image.hasalpha():
        image = image.flatten(background=255)
    return image.colourspace("b-w") if image.bands > 1 else image


def portable_grey_map(image: pyvips.Image) -> bytes:
    """Return an image of one band as a PGM file, the form that costs no time on either side."""
    pixels: Any = image.write_to_memory()
    return b"P5 %d %d 255\n" % (image.width, image.height) + bytes(pixels)

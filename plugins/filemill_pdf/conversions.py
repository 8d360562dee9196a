"""The conversions of documents: pages as pictures, pictures as pages, text, and a smaller PDF."""

from __future__ import annotations

from filemill import Context, Conversion, Document, Picture, Text
from filemill_pdf.operations.compress import CompressPdf
from filemill_pdf.operations.images_to_pdf import ImagesToPdf
from filemill_pdf.operations.info import ExtractText
from filemill_pdf.operations.rasterize import Rasterize

_WRITTEN = ("png", "jpeg", "webp", "avif", "gif", "tiff", "jp2", "jxl")
"""The formats that pictures of pages are wanted in; any other is an encode away from these."""
_READ = (*_WRITTEN, "heic", "svg", "raw")


def rasterized(document: Document, target: str, context: Context) -> list[Picture]:
    """Draw each page."""
    return Rasterize().run(document, context)


def bound(picture: Picture, target: str, context: Context) -> Document:
    """Make a document of a picture, a page for each frame."""
    return ImagesToPdf().run([picture], context)


def text_of(document: Document, target: str, context: Context) -> Text:
    """Take the text layer."""
    return ExtractText().run(document, context)


def compressed(document: Document, target: str, context: Context) -> Document:
    """Make a document smaller."""
    return CompressPdf().run(document, context)


CONVERSIONS = (
    Conversion(sources=("pdf",), targets=_WRITTEN, run=rasterized, cost=3, lossy=True, engine="pdfium"),
    Conversion(sources=_READ, targets=("pdf",), run=bound, cost=3, lossy=False, engine="qpdf"),
    Conversion(
        # Of a scan there is no text layer: what reads scans as well comes first where it is installed.
        sources=("pdf",),
        targets=("text",),
        run=text_of,
        cost=25,
        lossy=True,
        engine="pdfium",
        final=True,
    ),
    Conversion(sources=("pdf",), targets=("pdf",), run=compressed, cost=5, lossy=True, engine="qpdf", compresses=True),
)
"""The edges that the plugin brings."""

"""The conversions of scans: their text, in each of its forms."""

from __future__ import annotations

from filemill import Context, Conversion, Document, Picture, Text
from filemill_ocr.forms import Form
from filemill_ocr.ocr import Ocr

_READ = ("pdf", "png", "jpeg", "webp", "avif", "gif", "tiff", "jp2", "jxl", "heic", "svg", "raw")


def recognised(value: Picture | Document, target: str, context: Context) -> Text:
    """Read all pages."""
    return Ocr(format=Form(target)).run(value, context)


CONVERSIONS = (
    Conversion(
        sources=_READ,
        targets=(Form.TEXT.value, Form.HOCR.value, Form.TSV.value),
        run=recognised,
        cost=20,
        lossy=True,
        engine="tesseract",
        final=True,
        missing=Ocr.missing,
    ),
)
"""The edges that the plugin brings."""

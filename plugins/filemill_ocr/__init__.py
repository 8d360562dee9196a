"""The OCR plugin: the text of scans with its confidence, and scans that can be searched."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Conversion, Format, Limits, Operation, hookimpl
from filemill_ocr.conversions import CONVERSIONS
from filemill_ocr.forms import FORMATS
from filemill_ocr.ocr import Ocr
from filemill_ocr.searchable_pdf import SearchablePdf


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Return the operations on scans."""
    return [Ocr, SearchablePdf]


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return the formats that text is written in besides plain text and JSON."""
    return FORMATS


@hookimpl
def filemill_conversions() -> Sequence[Conversion]:
    """Return the forms that the text of scans can be had in."""
    return CONVERSIONS


@hookimpl
def filemill_startup(limits: Limits) -> None:
    """Load qpdf and pytesseract in a worker process."""
    import pytesseract  # noqa: F401, PLC0415 - NumPy only where work is done

    from filemill_ocr import changes  # noqa: F401, PLC0415 - qpdf only where work is done

"""Documents written anew: with text under their pages, or without the text of an earlier OCR."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pikepdf

from filemill import Context, Document, ErrorCode, File, FilemillError
from filemill_ocr.growth import Growth
from filemill_ocr.invisible_text import InvisibleText
from filemill_ocr.pages import has_text
from filemill_ocr.pictures import draw_over
from filemill_ocr.reading import Reading
from filemill_ocr.sheets import page_dpi
from filemill_ocr.text_layers import TextLayers

_MALFORMED = (
    pikepdf.PdfError, RuntimeError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError,
)  # fmt: skip
"""What work on malformed objects ends in: of another type than the standard says, missing, without end."""
_LOST = ("bad_alloc", "error decoding stream data", "memory")
"""What qpdf warns of where it writes a document with an object missing."""


def with_layers(document: Document, stripped: Document, readings: list[Reading], context: Context) -> Document:
    """Lay the text of readings under their pages.

    Args:
        document: what gets text.
        stripped: the same without the text of an earlier OCR, where that is to go; text that it still has
            on these pages goes with all they show, and pictures of them take its place.
        readings: of the pages that get text; all others stay as they are.
        context: surroundings of the step.
    """
    growth = Growth(document.file, context.limits)

    def lay(pdf: pikepdf.Pdf) -> bool:
        layers, earlier = TextLayers(pdf), InvisibleText(pdf)
        for reading in readings:
            page = pdf.pages[reading.number - 1]
            if stripped is not document:
                earlier.remove(page)
            if has_text(stripped.text(reading.number)):
                drawn = document.render(reading.number, page_dpi(document, reading.number)).image
                growth.add(draw_over(pdf, page, drawn, document.rotation(reading.number)))
            if reading.layer is not None and reading.words:
                layers.lay(page, reading, reading.layer)
        return True

    return _changed(document, lay, context)


def without_earlier_text(document: Document, context: Context) -> Document:
    """Take out the invisible text that an earlier OCR left; a document without any is returned as it is."""

    def remove(pdf: pikepdf.Pdf) -> bool:
        earlier = InvisibleText(pdf)
        return sum(earlier.remove(page) for page in pdf.pages) > 0

    return _changed(document, remove, context)


def _changed(document: Document, change: Callable[[pikepdf.Pdf], bool], context: Context) -> Document:
    """Write a document anew with a change, all other streams as they are stored; `change` says whether it did.

    Raises:
        FilemillError: `INVALID_FILE` where qpdf can't open, change or write it, or where it forbids changes
            and the server honours that.
    """
    file, path = document.file, context.path("pdf")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password that is not needed is no fault
            pdf = pikepdf.open(file.path, password=document.password or "")
        with pdf:
            if context.limits.honour_restrictions and pdf.is_encrypted and not pdf.owner_password_matched:
                reason = f"{file.name!r} forbids changes; the owner's password is needed."
                raise FilemillError(ErrorCode.INVALID_FILE, reason)
            if not change(pdf):
                return document
            pdf.save(
                path,
                deterministic_id=True,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                compress_streams=False,  # what is stored without Flate would be coded anew
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                encryption=False,
            )
            if lost := next((str(one) for one in pdf.get_warnings() if any(word in str(one) for word in _LOST)), None):
                raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r}: an object can't be read: {lost}.")
    except _MALFORMED as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} can't be changed: {_said(error)}.") from error
    return Document.read(File(path, file.name, "pdf", path.stat().st_size), limits=context.limits)


def _said(error: Exception) -> str:
    """Return what a library says without the path of the file."""
    return str(error).rpartition(": ")[2] or type(error).__name__

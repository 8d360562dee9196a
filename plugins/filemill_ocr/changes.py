"""Documents written anew: with text under their pages, or without the text of an earlier OCR."""

from __future__ import annotations

from collections.abc import Callable

import pikepdf

from filemill import Context, Document, ErrorCode, File, FilemillError
from filemill_ocr.pages import has_text
from filemill_ocr.pictures import draw_over
from filemill_ocr.reading import Reading
from filemill_ocr.sheets import page_dpi
from filemill_ocr.text_layers import TextLayers, without_invisible_text


def with_layers(document: Document, readings: list[Reading], context: Context) -> Document:
    """Lay the text of readings under their pages; a page that has text is replaced by its picture first."""

    def lay(pdf: pikepdf.Pdf) -> None:
        layers = TextLayers(pdf)
        for reading in readings:
            page = pdf.pages[reading.number - 1]
            if has_text(document.text(reading.number)):  # forced
                drawn = document.render(reading.number, page_dpi(document, reading.number)).image
                draw_over(pdf, page, drawn, document.rotation(reading.number))
            if reading.layer is not None and reading.words:
                layers.lay(page, reading, reading.layer)

    return _changed(document, lay, context)


def _changed(document: Document, change: Callable[[pikepdf.Pdf], None], context: Context) -> Document:
    """Write a document anew with a change.

    Raises:
        FilemillError: `INVALID_FILE` where qpdf can't open, change or write it, or where it forbids changes
            and the server honours that.
    """
    name, path = document.file.name, context.path("pdf")
    try:
        with pikepdf.open(document.file.path, password=document.password or "") as pdf:
            if context.limits.honour_restrictions and pdf.is_encrypted and not pdf.owner_password_matched:
                reason = f"{name!r} forbids changes; the owner's password is needed."
                raise FilemillError(ErrorCode.INVALID_FILE, reason)
            change(pdf)
            pdf.save(
                path, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, encryption=False
            )
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError) as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r} can't be changed: {error}") from None
    return Document.read(File(path, name, "pdf", path.stat().st_size), limits=context.limits)


def without_earlier_text(document: Document, context: Context) -> Document:
    """Take out the invisible text that an earlier OCR left."""
    return _changed(document, without_invisible_text, context)

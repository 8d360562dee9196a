"""The operation `searchable-pdf`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pikepdf
from msgspec import Meta

from filemill import Choice, Context, Document, ErrorCode, File, FilemillError, Missing, Operation, Picture
from filemill_ocr import program
from filemill_ocr.languages import read_languages
from filemill_ocr.ocr import Language, PageSeconds
from filemill_ocr.pages import Layer, has_text, page_seconds, read_pages
from filemill_ocr.pictures import as_document, draw_over
from filemill_ocr.reading import Reading
from filemill_ocr.recognition import Wishes
from filemill_ocr.sheets import page_dpi
from filemill_ocr.text_layers import TextLayers, without_invisible_text


class Mode(Choice):
    """What happens to pages that have text."""

    SKIP = "skip"
    REDO = "redo"
    FORCE = "force"


class SearchablePdf(Operation, frozen=True, kw_only=True, tag="searchable-pdf"):
    """Lay an invisible text under scans, so that they can be searched and copied from.

    The size of pages and the picture on them stay as they are; a picture becomes a PDF of its natural
    size. Pages that have text are left alone (`skip`); `redo` takes out the invisible text of an earlier
    OCR and reads those pages anew; `force` puts a picture of the page in the place of what is drawn on
    it. A page that can't be read in its time stays as it is and is named in the report.
    """

    language: Language = "en"
    mode: Annotated[Mode, Meta(description="What happens to pages that have text: `skip`, `redo` or `force`.")] = (
        Mode.SKIP
    )
    page_seconds: PageSeconds | None = None

    def __post_init__(self) -> None:
        """Check the language, where Tesseract is here to say what it has.

        Raises:
            FilemillError: `INVALID_PARAMETER`.
        """
        if installed := program.installed():
            read_languages(self.language, installed)

    @classmethod
    def missing(cls) -> Missing | None:
        """Without Tesseract and a language nothing can be read."""
        return program.missing()

    def run(self, value: Picture | Document, context: Context) -> Document:
        """Read the pages and write a PDF with their text."""
        document = as_document(value, context) if isinstance(value, Picture) else value
        if self.mode is Mode.REDO:
            document = _changed(document, without_invisible_text, context)
        wishes = Wishes(
            languages=tuple(read_languages(self.language, program.installed())),
            folder=context.folder,
            seconds=page_seconds(self.page_seconds, context),
            layer=True,
        )
        readings = read_pages(document, wishes, Layer(used=self.mode is not Mode.FORCE), context)
        failed = [reading.number for reading in readings if reading.error is not None]
        laid = [reading for reading in readings if reading.layer is not None]
        context.report(layered=len(laid), skipped=len(readings) - len(laid) - len(failed), failed=failed)
        return _with_layers(document, laid, context) if laid or isinstance(value, Picture) else document


def _with_layers(document: Document, readings: list[Reading], context: Context) -> Document:
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

"""The operation `searchable-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Choice, Context, Document, Missing, Operation, Picture
from filemill_ocr import program
from filemill_ocr.languages import read_languages
from filemill_ocr.ocr import Language, PageSeconds
from filemill_ocr.pages import Layer, page_seconds, read_pages
from filemill_ocr.recognition import Wishes


class Mode(Choice):
    """What happens to pages that have text."""

    SKIP = "skip"
    REDO = "redo"
    FORCE = "force"


class SearchablePdf(Operation, frozen=True, kw_only=True, tag="searchable-pdf"):
    """Lay an invisible text under scans, so that they can be searched and copied from.

    The size of pages and the picture on them stay as they are; a picture becomes a PDF of its natural
    size. Pages that have text are left alone (`skip`); `redo` reads pages whose only text is the invisible
    one of an earlier OCR anew, in its place; `force` reads all pages, and where there is visible text, a
    picture of the page takes the place of what is drawn on it. A page that can't be read in its time
    stays as it is and is named in the report.
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
        from filemill_ocr import changes, pictures  # noqa: PLC0415 - qpdf only where work is done

        document = pictures.as_document(value, context) if isinstance(value, Picture) else value
        stripped = document if self.mode is Mode.SKIP else changes.without_earlier_text(document, context)
        wishes = Wishes(
            languages=tuple(read_languages(self.language, program.installed())),
            folder=context.folder,
            seconds=page_seconds(self.page_seconds, context),
            layer=True,
        )
        readings = read_pages(stripped, wishes, Layer(used=self.mode is not Mode.FORCE), context)
        failed = [reading.number for reading in readings if reading.error is not None]
        laid = [reading for reading in readings if reading.layer is not None]
        context.report(layered=len(laid), skipped=len(readings) - len(laid) - len(failed), failed=failed)
        return changes.with_layers(document, stripped, laid, context) if laid else document

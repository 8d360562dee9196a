"""The operation `ocr`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Missing, Operation, Picture, Text
from filemill.kinds import Facts
from filemill_ocr import program
from filemill_ocr.forms import Form, plain, written
from filemill_ocr.languages import read_languages
from filemill_ocr.pages import Layer, page_seconds, read_pages
from filemill_ocr.reading import commonest, weighted
from filemill_ocr.recognition import Wishes

Language = Annotated[
    str,
    Meta(
        description="Language of the text: ISO 639-1 (`en`, `zh-Hant`, `sr-Latn`), several joined by `+`, or `auto`.",
        examples=["en", "auto"],
    ),
]
PageSeconds = Annotated[
    float,
    Meta(ge=1, le=3600, description="Seconds one page may take; default: two thirds of the deadline, at most 120."),
]


class Ocr(Operation, frozen=True, kw_only=True, tag="ocr"):
    """Read the text of a scan, a photograph of a page or a PDF.

    Pages of a PDF that have text are answered from it; all others are read by Tesseract, turned upright
    and level where that is needed. `text` holds all pages with a form feed between two; `pages` tells of
    each page `number`, `text`, `confidence`, `language`, `source` (`layer` or `ocr`), `width`, `height`,
    `dpi`, `rotation` and `skew`. `confidence` is between 0 and 1, weighted by the letters of words; a
    page without words has none (`null`), a document without words has 0.
    """

    language: Language = "en"
    format: Annotated[Form, Meta(description="What is saved: `text`, `json`, `hocr` or `tsv`.")] = Form.TEXT
    words: Annotated[bool, Meta(description="Whether to tell every word with its confidence and box.")] = False
    force: Annotated[bool, Meta(description="Whether pages that have text are read from their picture as well.")] = (
        False
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

    def run(self, value: Picture | Document, context: Context) -> Text:
        """Read all pages."""
        wishes = Wishes(
            languages=tuple(read_languages(self.language, program.installed())),
            folder=context.folder,
            seconds=page_seconds(self.page_seconds, context),
            hocr=self.format is Form.HOCR,
        )
        boxes = self.words or self.format in (Form.HOCR, Form.TSV)
        readings = read_pages(value, wishes, Layer(used=not self.force, words=boxes), context)
        sure = weighted((page.confidence, _letters(page.text)) for page in readings if page.confidence is not None)
        known: Facts = {
            "confidence": round(sure or 0.0, 2),
            "language": commonest((page.language, _letters(page.text)) for page in readings if page.language),
            "pages": [page.facts(words=self.words) for page in readings],
        }
        context.report(
            layer=sum(page.source == "layer" for page in readings),
            ocr=sum(page.source == "ocr" for page in readings),
            failed=sum(page.error is not None for page in readings),
        )
        text = plain(readings)
        file = value.file if isinstance(value, Document) else value.source
        title = file.name if file is not None else ""
        body = written(self.format, readings, {"text": text, **known}, title)
        return Text(text, known, format=self.format.value, body=body)


def _letters(text: str) -> int:
    return len("".join(text.split()))

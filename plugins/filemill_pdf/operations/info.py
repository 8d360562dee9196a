"""The operations that tell of a document and set what it tells: `pdf-info`, `pdf-metadata`, `extract-text`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Data, Document, File, Operation, Text
from filemill_pdf.operations.passwords import Password
from filemill_pdf.page_ranges import PageRanges, check_ranges, chosen

_Value = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]*$")]


class PdfInfo(Operation, frozen=True, kw_only=True, tag="pdf-info"):
    """Tell what is known of a PDF: pages, sizes, version, encryption, metadata, outline, fonts, text.

    Of an encrypted document without its password, `locked` and how it is encrypted are told.
    """

    password: Annotated[Password, Meta(description="Opens an encrypted document.")] | None = None

    def run(self, document: Document | File, context: Context) -> Data:
        """Gather the facts."""
        from filemill_pdf.inspection import inspected  # noqa: PLC0415 - qpdf only in workers

        return inspected(document, self.password, context)


class PdfMetadata(Operation, frozen=True, kw_only=True, tag="pdf-metadata"):
    """Set metadata of a PDF: title, author, subject, keywords, creator, producer, language.

    What is not given stays; an empty text removes. Both places that a PDF has for it, the document
    information and XMP, say the same afterwards. `clear` removes all that is there first.
    """

    title: Annotated[_Value, Meta(description="Title.", examples=["Annual report"])] | None = None
    author: Annotated[_Value, Meta(description="Author.")] | None = None
    subject: Annotated[_Value, Meta(description="Subject.")] | None = None
    keywords: Annotated[_Value, Meta(description="Keywords, with commas between them.")] | None = None
    creator: Annotated[_Value, Meta(description="Program that made the original.")] | None = None
    producer: Annotated[_Value, Meta(description="Program that made the PDF.")] | None = None
    language: (
        Annotated[
            str,
            Meta(
                pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$",
                max_length=64,
                description="Language of the text (BCP 47).",
                examples=["en-GB"],
            ),
        ]
        | None
    ) = None
    clear: Annotated[bool, Meta(description="Remove all metadata that is there.")] = False

    def run(self, document: Document, context: Context) -> Document:
        """Set it."""
        from filemill_pdf.describing import described  # noqa: PLC0415 - qpdf only in workers

        given = {name: getattr(self, name) for name in _INFO_KEYS if getattr(self, name) is not None}
        return described(document, given, self.language, context, clear=self.clear)


_INFO_KEYS = ("title", "author", "subject", "keywords", "creator", "producer")


class ExtractText(Operation, frozen=True, kw_only=True, tag="extract-text"):
    """Take the text of a PDF from its text layer; a page that is only a picture has none.

    Pages are joined by a form feed.
    """

    pages: Annotated[PageRanges, Meta(description="Pages to read; default: all.")] | None = None

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        if self.pages is not None:
            check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Text:
        """Read the pages."""
        numbers = chosen(self.pages, document.pages, "/pages")
        found: list[str] = []
        for number in numbers:
            found.append(document.text(number))
            context.progress(len(found), len(numbers))
        empty = [number for number, text in zip(numbers, found, strict=True) if not text.strip()]
        return Text("\f".join(found), {"pages": len(found), "pagesWithoutText": empty})

"""The operation `split-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Operation
from filemill.errors import invalid
from filemill_pdf.page_ranges import PageRanges, check_ranges, chosen, pages_of


class SplitPdf(Operation, frozen=True, kw_only=True, tag="split-pdf"):
    """Split a PDF into documents that hold nothing of each other's pages.

    Give at most one of the parameters; without any, each page becomes a document. The parts are named by
    the page numbers in the document: `page-0007.pdf`, `pages-0003-0005.pdf`. Bookmarks, links, named
    destinations, form fields and layers stay where their page is in the part; attachments, tags and
    article threads belong to the document as a whole and stay in none.
    """

    pages: Annotated[PageRanges, Meta(description="Pages of which each becomes a document.")] | None = None
    every: Annotated[int, Meta(ge=1, description="Pages of each part.", examples=[10])] | None = None
    ranges: (
        Annotated[
            list[PageRanges],
            Meta(min_length=1, max_length=1000, description="A document for each entry.", examples=[["1-3", "4,6"]]),
        ]
        | None
    ) = None
    bookmarks: Annotated[
        bool, Meta(description="A document for each topmost bookmark; pages before the first one are another.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse two ways to split at once, and ranges that are none."""
        given = [name for name in ("pages", "every", "ranges") if getattr(self, name) is not None]
        given += ["bookmarks"] if self.bookmarks else []
        if len(given) > 1:
            raise invalid("", f"Give one of pages, every, ranges and bookmarks; given: {' and '.join(given)}.")
        if self.pages is not None:
            check_ranges(self.pages, "/pages")
        for index, text in enumerate(self.ranges or ()):
            check_ranges(text, f"/ranges/{index}")

    def run(self, document: Document, context: Context) -> list[Document]:
        """Split it."""
        from filemill_pdf.splitting import bookmark_parts, split  # noqa: PLC0415 - qpdf only in workers

        def parts(count: int) -> list[list[int]]:
            if self.every is not None:
                return [
                    list(range(first, min(first + self.every, count + 1))) for first in range(1, count + 1, self.every)
                ]
            if self.ranges is not None:
                return [pages_of(text, count, f"/ranges/{index}") for index, text in enumerate(self.ranges)]
            return [[number] for number in chosen(self.pages, count, "/pages")]

        return split(document, bookmark_parts if self.bookmarks else lambda carver: parts(len(carver.pages)), context)

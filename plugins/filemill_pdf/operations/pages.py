"""The operations on the pages of a document: `extract-pages`, `remove-pages`, `reorder-pages`, `rotate-pages`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Operation
from filemill.errors import invalid
from filemill_pdf.page_ranges import PageRanges, check_ranges, pages_of


class ExtractPages(Operation, frozen=True, kw_only=True, tag="extract-pages"):
    """Make a PDF of some pages, in the order they are named.

    As with `split-pdf`, nothing of any other page is in the result.
    """

    pages: Annotated[PageRanges, Meta(description="Pages to take.")]

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Document:
        """Take the pages."""
        from filemill_pdf.splitting import take  # noqa: PLC0415 - qpdf only in workers

        return take(document, pages_of(self.pages, document.pages, "/pages"), context, whole=False)


class RemovePages(Operation, frozen=True, kw_only=True, tag="remove-pages"):
    """Remove pages from a PDF; nothing of them is in the result.

    Bookmarks and links to them go as well. Attachments stay: they belong to the document.
    """

    pages: Annotated[PageRanges, Meta(description="Pages to remove.")]

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Document:
        """Remove the pages."""
        from filemill_pdf.splitting import take  # noqa: PLC0415 - qpdf only in workers

        removed = set(pages_of(self.pages, document.pages, "/pages"))
        kept = [number for number in range(1, document.pages + 1) if number not in removed]
        if not kept:
            raise invalid("/pages", "All pages would be removed; a PDF has at least one.")
        return take(document, kept, context, whole=True)


class ReorderPages(Operation, frozen=True, kw_only=True, tag="reorder-pages"):
    """Put the pages of a PDF in another order.

    The pages named come first, in the order they are named; the others follow in the order they had.
    Everything else of the document stays.
    """

    pages: Annotated[PageRanges, Meta(description="Pages that come first.", examples=["3,1-2"])]

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Document:
        """Reorder the pages."""
        from filemill_pdf.reordering import reorder  # noqa: PLC0415 - qpdf only in workers

        first = pages_of(self.pages, document.pages, "/pages")
        named = set(first)
        rest = [number for number in range(1, document.pages + 1) if number not in named]
        return reorder(document, [*first, *rest], context)


class RotatePages(Operation, frozen=True, kw_only=True, tag="rotate-pages"):
    """Turn pages of a PDF by quarter turns, without drawing them anew."""

    angle: Annotated[
        int,
        Meta(
            ge=-270,
            le=270,
            multiple_of=90,
            description="Degrees clockwise: 90, 180, 270 or less than 0.",
            examples=[90],
        ),
    ]
    pages: Annotated[PageRanges, Meta(description="Pages to turn; default: all.")] | None = None

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        if self.pages is not None:
            check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Document:
        """Turn the pages."""
        from filemill_pdf.reordering import rotate  # noqa: PLC0415 - qpdf only in workers

        numbers = range(1, document.pages + 1) if self.pages is None else pages_of(self.pages, document.pages, "/pages")
        return rotate(document, numbers, self.angle, context)

"""The operation `rasterize`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Picture, PictureOperation
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_pdf.page_ranges import PageRanges, check_ranges, chosen

_DPI = 150


class Rasterize(PictureOperation, frozen=True, kw_only=True, tag="rasterize"):
    """Draw the pages of a PDF as pictures, one each, on white.

    `width` gives pictures of so many pixels, whatever the size of the page; else `dpi` counts. A page is
    drawn when its pixels are needed: where a `resize` follows, at the size that is wanted.
    """

    pages: Annotated[PageRanges, Meta(description="Pages to draw; default: all.")] | None = None
    dpi: Annotated[float, Meta(ge=1, le=2400, description="Dots per inch. Default: 150.", examples=[300])] | None = None
    width: (
        Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Width, pixels, in place of `dpi`.", examples=[1200])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse two sizes at once, and ranges that are none."""
        if self.dpi is not None and self.width is not None:
            raise invalid("/width", "Give one of 'dpi' and 'width'.")
        if self.pages is not None:
            check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> list[Picture]:
        """Plan the pictures."""
        numbers = chosen(self.pages, document.pages, "/pages")
        if len(numbers) > context.limits.max_outputs:
            raise invalid(
                "/pages", f"There would be {len(numbers)} pictures; {context.limits.max_outputs} are allowed."
            )
        return [self._picture(document, number) for number in numbers]

    def _picture(self, document: Document, number: int) -> Picture:
        if self.width is None:
            return document.render(number, self.dpi or _DPI)
        width, height = document.size(number)
        return document.draw(number, self.width, max(1, round(self.width * height / width)))

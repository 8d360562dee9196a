"""The operation `watermark-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Colour, Context, Document, Operation, Source
from filemill.choices import Choice
from filemill.errors import invalid
from filemill.lettering import Lettering
from filemill_pdf.ink import ink
from filemill_pdf.page_ranges import PageRanges, check_ranges


class Place(Choice):
    """One of nine points of a page."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"


class Layer(Choice):
    """Whether a watermark lies over or under what a page shows."""

    OVER = "over"
    UNDER = "under"


class WatermarkPdf(Operation, frozen=True, kw_only=True, tag="watermark-pdf"):
    """Put a text or a picture on the pages of a PDF; the pages' own text stays text.

    Give exactly one of `text` and `image`. It stands upright as the page is shown, also on a turned page.
    """

    text: Lettering | None = None
    image: Annotated[Source, Meta(description="The picture to put on.")] | None = None
    pages: Annotated[PageRanges, Meta(description="Pages to mark; default: all.")] | None = None
    position: Annotated[Place, Meta(description="Place on the page: one of nine points.")] = Place.CENTRE
    size: Annotated[float, Meta(ge=0.01, le=1, description="Width as share of the page's width.")] = 0.5
    margin: Annotated[float, Meta(ge=0, le=720, description="Points between the watermark and the edges.")] = 36
    opacity: Annotated[float, Meta(ge=0, le=1, description="1 is as it is, 0 can't be seen.")] = 0.3
    rotate: Annotated[float, Meta(ge=-360, le=360, description="Degrees clockwise.", examples=[-45])] = 0.0
    colour: Annotated[Colour, Meta(description="Colour of the text.", examples=["red"])] = "grey"
    font: Annotated[
        str,
        Meta(max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9 _-]*$", description="Font of the text, with style words."),
    ] = "sans bold"
    layer: Annotated[Layer, Meta(description="`over` or `under` what the page shows.")] = Layer.OVER

    def __post_init__(self) -> None:
        """Refuse no watermark and two, and ranges that are none."""
        if (self.text is None) == (self.image is None):
            raise invalid("", "A watermark has exactly one of 'text' and 'image'.")
        ink(self.colour, "/colour")
        if self.pages is not None:
            check_ranges(self.pages, "/pages")

    def run(self, document: Document, context: Context) -> Document:
        """Put it on."""
        from filemill_pdf.watermarks import watermarked  # noqa: PLC0415 - qpdf only in workers

        return watermarked(document, self, context)

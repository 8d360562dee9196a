"""The operation `images-to-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Operation, Picture
from filemill.choices import Choice
from filemill.encoding import Quality
from filemill.errors import invalid
from filemill_pdf.paper import PageSize


class PictureFit(Choice):
    """How a picture fills a page: whole, cut at its edges, or no larger than it is."""

    CONTAIN = "contain"
    COVER = "cover"
    SHRINK = "shrink"


class Orientation(Choice):
    """How paper lies: as each picture does, upright or across."""

    AUTO = "auto"
    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"


class ImagesToPdf(Operation, frozen=True, kw_only=True, tag="images-to-pdf"):
    """Make a PDF of pictures, a page for each, in the order given.

    JPEG files are taken as they are; other pictures are written without loss, or as JPEG where `quality` is
    given. Frames of a multi-page TIFF or an animation are pages of their own.
    """

    page_size: Annotated[
        PageSize, Meta(description="Paper of the pages; `fit`: as large as each picture with its margin.")
    ] = PageSize.FIT
    orientation: Annotated[Orientation, Meta(description="How the paper lies; `auto`: as each picture.")] = (
        Orientation.AUTO
    )
    fit: Annotated[PictureFit, Meta(description="How a picture fills the paper: `contain`, `cover` or `shrink`.")] = (
        PictureFit.CONTAIN
    )
    margin: Annotated[float, Meta(ge=0, le=720, description="White edge of the pages, points.", examples=[36])] = 0
    dpi: (
        Annotated[
            float,
            Meta(
                ge=10,
                le=2400,
                description="Dots per inch of the pictures. Default: what each says; else 96, of a JPEG 72.",
            ),
        ]
        | None
    ) = None
    quality: Annotated[Quality, Meta(description="Write the pictures as JPEG of this quality.")] | None = None

    def __post_init__(self) -> None:
        """Refuse margins that leave nothing of the paper."""
        side = self.page_size.shorter_side
        if side is not None and 2 * self.margin >= side:
            raise invalid("/margin", f"Margins of {self.margin} points leave nothing of the page.")

    def run(self, pictures: list[Picture], context: Context) -> Document:
        """Make the document."""
        from filemill_pdf.picture_pages import document_of  # noqa: PLC0415 - qpdf only in workers

        return document_of(pictures, self, context)

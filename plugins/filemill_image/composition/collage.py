"""The operation `collage`."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Picture, PictureOperation
from filemill import Colour as ColourText
from filemill.errors import invalid
from filemill_image.colour import Colour, parse
from filemill_image.composition.added import Images, with_images
from filemill_image.composition.layout import Cell, cells
from filemill_image.effects.bands import filled, first_frame
from filemill_image.geometry.canvas import laid
from filemill_image.geometry.scaling import covered
from filemill_image.geometry.sizes import Height, Size, Width
from filemill_image.gravity import Gravity


class Layout(Choice):
    """How pictures share a canvas: in rows that follow their ratios, or in a grid of equal cells."""

    JUSTIFIED = "justified"
    GRID = "grid"


class Collage(PictureOperation, frozen=True, kw_only=True, tag="collage"):
    """Make one picture of many, side by side.

    They fill exactly width x height, in rows, in the order given. In the `justified` layout each cell has
    about the ratio of its picture, and hardly anything is cut off; in a `grid` all cells of a row are equal.
    Each picture covers its cell and keeps its middle. Of an animation the first frame is taken.
    """

    width: Width
    height: Height
    images: Images = []
    layout: Annotated[Layout, Meta(description="`justified`: cells follow the pictures' ratios; `grid`: equal.")] = (
        Layout.JUSTIFIED
    )
    margin: Annotated[int, Meta(ge=0, le=1000, description="Pixels around and between the pictures.")] = 10
    background: Annotated[
        ColourText, Meta(description="Colour of the margins, also under transparent pictures.", examples=["white"])
    ] = "white"
    turn: Annotated[
        bool, Meta(description="Whether a picture is turned clockwise where only one of it and its cell is upright.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        parse(self.background)

    def run(self, pictures: list[Picture], context: Context) -> Picture:
        """Scale each into its cell."""
        canvas = Size(self.width, self.height)
        if self.width * self.height > context.limits.max_pixels:
            raise invalid("/width", f"{self.width}x{self.height} are more than {context.limits.pixels} pixels.")
        every = with_images(pictures, self.images, context)
        ratios = [picture.width / picture.height for picture in every]
        places = cells(ratios, canvas, self.margin, even=self.layout is Layout.GRID)
        if places is None:
            raise invalid("/margin", f"With margins of {self.margin} pixels {len(every)} pictures have no room.")
        ground = parse(self.background)
        image = filled(*canvas, ground)
        for number, (picture, cell) in enumerate(zip(every, places, strict=True), 1):
            image = image.insert(self._piece(picture, cell, ground).copy_memory(), cell.left, cell.top)
            context.progress(number, len(every))
        return pictures[0].with_image(image)

    def _piece(self, picture: Picture, cell: Cell, ground: Colour) -> pyvips.Image:
        """Return what a cell shows of a picture, as the only thing that stays of it in memory."""
        size, source = cell.size, Size(picture.width, picture.height)
        aside = self.turn and (source.width > source.height) is not (size.width > size.height)
        target = Size(size.height, size.width) if aside else size
        page = first_frame(picture, source.reduction_to(source.around(target)))
        (piece,) = covered([page], target, Gravity.CENTER)
        return laid(piece.copy_memory().rot90() if aside else piece, 0, 0, size, ground)

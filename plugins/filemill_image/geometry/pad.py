"""The operation `pad`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_image import colour
from filemill_image.geometry.canvas import laid
from filemill_image.geometry.sizes import Size

Margin = Annotated[int, Meta(ge=0, le=MAX_DIMENSION, description="Pixels to add on this side.", examples=[20])]


class Pad(PictureOperation, frozen=True, kw_only=True, tag="pad"):
    """Add space around a picture.

    `all` is for every side that has no value of its own. The space is transparent, which is white in
    formats that hold no transparency, or has the colour `background`, which then also shows through
    transparent parts of the picture.
    """

    top: Margin | None = None
    right: Margin | None = None
    bottom: Margin | None = None
    left: Margin | None = None
    all: (
        Annotated[int, Meta(ge=0, le=MAX_DIMENSION, description="Pixels to add on every other side.", examples=[20])]
        | None
    ) = None
    background: (
        Annotated[ColourText, Meta(description="Colour of the space. Default: transparent.", examples=["#ffffff"])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a step without any side and an unknown colour."""
        if all(side is None for side in (self.top, self.right, self.bottom, self.left, self.all)):
            raise invalid("/all", "Say how much to add: 'all', or any of 'top', 'right', 'bottom', 'left'.")
        if self.background is not None:
            colour.parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Lay every frame on a larger canvas."""
        top, right, bottom, left = (
            side if side is not None else self.all or 0 for side in (self.top, self.right, self.bottom, self.left)
        )
        size = Size(picture.width + left + right, picture.height + top + bottom)
        if self.background is None and size == (picture.width, picture.height):
            return picture.map(lambda page: page)
        fill = colour.parse(self.background or "transparent")
        return picture.map(lambda page: laid(page, left, top, size, fill))

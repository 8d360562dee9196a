"""The operation `drop-shadow`, and the shadow that other operations cast."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill_image.colour import TRANSPARENT, WHITE, Colour, parse
from filemill_image.effects.bands import COLOURS, filled
from filemill_image.effects.gaussian import blurred
from filemill_image.geometry.canvas import coloured, laid
from filemill_image.geometry.scaling import rounded
from filemill_image.geometry.sizes import Size

_REACH = 3
"""How far a shadow goes beyond what casts it, in standard deviations."""
_SOFT_FROM = 0.3
"""A smaller standard deviation softens nothing, pixels."""
_Offset = Annotated[int, Meta(ge=-1000, le=1000)]


class Shadow(NamedTuple):
    """A shadow: how far it lies to the right and below, how soft it is, and its colour; pixels."""

    x: int
    y: int
    sigma: float
    colour: Colour
    opacity: float


class DropShadow(PictureOperation, frozen=True, kw_only=True, tag="drop-shadow"):
    """Let a picture cast a shadow.

    The shadow has the shape of what is visible. The picture grows on each side by what the shadow needs
    there. Around it is transparency, so ask for a format that can hold that (`"format": "png"`, `webp`,
    `avif`), or give a `background`.
    """

    x: Annotated[_Offset, Meta(description="Pixels the shadow lies to the right; negative: to the left.")] = 4
    y: Annotated[_Offset, Meta(description="Pixels the shadow lies below; negative: above.")] = 4
    sigma: Annotated[
        float,
        Meta(ge=0, le=250, description="Standard deviation of the Gaussian that softens it, pixels.", examples=[6]),
    ] = 4.0
    opacity: Annotated[float, Meta(ge=0, le=1, description="1 is all colour, 0 can't be seen.", examples=[0.6])] = 0.6
    colour: Annotated[ColourText, Meta(description="Colour of the shadow.", examples=["black"])] = "black"
    background: (
        Annotated[ColourText, Meta(description="Colour around the picture. Default: transparent.", examples=["white"])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        parse(self.colour, "/colour")
        if self.background is not None:
            parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Lay a shadow under every frame."""
        if picture.transparent:
            picture.settle()
        shadow = Shadow(self.x, self.y, self.sigma, parse(self.colour), self.opacity)
        ground = parse(self.background) if self.background else TRANSPARENT
        return picture.map(lambda page: shadowed(page, shadow, ground))


def shadowed(page: pyvips.Image, shadow: Shadow, ground: Colour) -> pyvips.Image:
    """Lay one frame on its shadow and both on a ground. With alpha the frame is read twice."""
    page = coloured(page)
    reach = math.ceil(_REACH * shadow.sigma)
    left, top = max(0, reach - shadow.x), max(0, reach - shadow.y)
    size = Size(page.width + left + max(0, reach + shadow.x), page.height + top + max(0, reach + shadow.y))
    shape = page.extract_band(COLOURS) if page.hasalpha() else filled(page.width, page.height, WHITE).extract_band(0)
    cast = shape.embed(left + shadow.x, top + shadow.y, *size)
    if shadow.sigma >= _SOFT_FROM:
        cast = blurred(cast, size, shadow.sigma)
    share = shadow.opacity * shadow.colour.alpha / 255
    layer = filled(*size, Colour(*shadow.colour.rgb)).bandjoin(cast.linear(share, 0.5, uchar=True))
    if page.hasalpha():
        layer = rounded(layer.composite2(page, "over", x=left, y=top))
    else:
        layer = layer.insert(page.addalpha(), left, top)
    return laid(layer, 0, 0, size, ground)

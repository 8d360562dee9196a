"""The operation `polaroid`."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill_image.colour import BLACK, TRANSPARENT, parse
from filemill_image.effects.shadow import Shadow, shadowed
from filemill_image.geometry.canvas import laid
from filemill_image.geometry.rotate import turned
from filemill_image.geometry.sizes import Size

_MARGIN = 0.06
"""Paper beside and above the picture, as share of its shorter side."""
_BELOW = 4
"""Paper below the picture, in margins."""
_SHADOW = 0.45
"""Opacity of the shadow."""


class Polaroid(PictureOperation, frozen=True, kw_only=True, tag="polaroid"):
    """Make an instant photograph of a picture.

    It gets a frame of paper, wider below, and a soft shadow, and may be turned. Around it is transparency,
    so ask for a format that can hold that (`"format": "png"`, `webp`, `avif`), or give a `background`.
    """

    rotate: Annotated[float, Meta(ge=-360, le=360, description="Degrees clockwise.", examples=[-6])] = 0.0
    colour: Annotated[ColourText, Meta(description="Colour of the paper.", examples=["snow"])] = "snow"
    background: (
        Annotated[ColourText, Meta(description="Colour around it. Default: transparent.", examples=["white"])] | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        parse(self.colour, "/colour")
        if self.background is not None:
            parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Frame every frame."""
        if self.rotate % 360 or not parse(self.colour).opaque:
            picture.settle()
        margin = max(1, round(_MARGIN * min(picture.width, picture.height)))
        return picture.map(lambda page: self._framed(page, margin))

    def _framed(self, page: pyvips.Image, margin: int) -> pyvips.Image:
        paper = parse(self.colour)
        size = Size(page.width + 2 * margin, page.height + (1 + _BELOW) * margin)
        ground = parse(self.background) if self.background else TRANSPARENT
        card = shadowed(laid(page, margin, margin, size, paper), self._shadow(margin), ground)
        return turned(card, self.rotate % 360, ground)

    def _shadow(self, margin: int) -> Shadow:
        """Return the shadow of a card that is not turned yet, so that it falls to the lower right once it is."""
        across, down, turn = margin / 8, margin / 5, math.radians(self.rotate)
        x = across * math.cos(turn) + down * math.sin(turn)
        y = down * math.cos(turn) - across * math.sin(turn)
        return Shadow(round(x), round(y), margin / 5, BLACK, _SHADOW)

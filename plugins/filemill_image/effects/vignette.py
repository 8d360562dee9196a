"""The operation `vignette`."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Picture, PictureOperation
from filemill import Colour as ColourText
from filemill_image.colour import parse
from filemill_image.effects.masks import cut
from filemill_image.geometry.scaling import enlarged
from filemill_image.geometry.sizes import Size

_CLEAR = 0.5
"""Up to here nothing changes: a share of the way from the middle to the middle of an edge."""
_REACH = 3
"""The distance from there to a corner in standard deviations of the bell curve."""
_LARGEST_MASK = 1024
"""A mask is computed with no longer side than this, pixels, and enlarged: it has no details."""


class Falloff(Choice):
    """How a vignette grows from the middle to the corners: along a bell curve, or evenly."""

    GAUSSIAN = "gaussian"
    LINEAR = "linear"


class Vignette(PictureOperation, frozen=True, kw_only=True, tag="vignette"):
    """Let a picture fade towards its corners.

    The middle stays as it is; around it, in ellipses of the picture's ratio, more and more of the picture
    gives way to a colour. With `transparent` it becomes transparent itself: ask for a format that can hold
    that (`"format": "png"`, `webp`, `avif`).
    """

    amount: Annotated[
        float,
        Meta(ge=0, le=1, description="Share of the colour in the corners: 0 changes nothing.", examples=[0.7]),
    ] = 0.5
    falloff: Annotated[
        Falloff, Meta(description="How it grows: `gaussian`, along a bell curve, or `linear`, evenly.")
    ] = Falloff.GAUSSIAN
    colour: Annotated[ColourText, Meta(description="Colour the picture fades to.", examples=["black"])] = "black"

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        parse(self.colour, "/colour")

    def run(self, picture: Picture, context: Context) -> Picture:
        """Fade every frame; only encoded again where the amount is 0."""
        if self.amount == 0:
            return picture.map(lambda pixels: pixels)
        size = Size(picture.width, picture.height)
        small = size.times(min(1.0, _LARGEST_MASK / max(size)))
        mask = self._mask(*small)
        mask = mask if small == size else enlarged(mask.copy_memory(), size, "bilinear")
        ground = parse(self.colour)
        return picture.map(lambda page: cut(page, mask, ground))

    def _mask(self, width: int, height: int) -> pyvips.Image:
        """Return what is kept. The distance from the middle is 1 in the middle of each edge."""
        across, down = pyvips.Image.xyz(width, height).bandsplit()
        across, down = across.linear(2 / width, 1 / width - 1), down.linear(2 / height, 1 / height - 1)
        distance = (across * across + down * down) ** 0.5
        way = math.sqrt(2) - _CLEAR
        beyond = (distance > _CLEAR).ifthenelse((distance - _CLEAR) / way, 0)
        lost = beyond if self.falloff is Falloff.LINEAR else 1 - (beyond * beyond * (-(_REACH**2) / 2)).exp()
        return lost.linear(-255 * self.amount, 255.5, uchar=True)

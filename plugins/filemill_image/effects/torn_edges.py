"""The operation `torn-edges`."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill.errors import invalid
from filemill_image.colour import TRANSPARENT, parse
from filemill_image.effects.masks import cut

_LARGEST_SHARE = 3
"""A tear reaches at most into this part of the shorter side."""
_WAVE = 4
"""Length of the largest waves of a tear, in its largest depths."""
_ROUGHNESS = 0.65
"""What a wave of half the length has of the height."""

_Depth = Annotated[int, Meta(ge=0, le=10_000)]


class TornEdges(PictureOperation, frozen=True, kw_only=True, tag="torn-edges"):
    """Make a picture look as if it were torn off on all sides.

    What is torn off becomes transparent, so ask for a format that can hold that (`"format": "png"`, `webp`,
    `avif`), or give a `background`. Pictures of one size are always torn alike. A tear is a line of random
    midpoint displacement (Fournier, Fussell and Carpenter, 1982).
    """

    least: Annotated[_Depth, Meta(description="How much is torn off everywhere, pixels.", examples=[1])] = 1
    most: Annotated[
        _Depth,
        Meta(description="How far tears reach in, pixels; at most a third of the shorter side.", examples=[20]),
    ] = 10
    background: Annotated[ColourText, Meta(description="Colour of what is torn off. Default: transparent.")] | None = (
        None
    )

    def __post_init__(self) -> None:
        """Refuse an unknown colour and depths in the wrong order."""
        if self.least > self.most:
            raise invalid("/least", f"'least' ({self.least}) is more than 'most' ({self.most}).")
        if self.background is not None:
            parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Tear every frame alike."""
        ground = parse(self.background) if self.background else TRANSPARENT
        mask = self._mask(picture.width, picture.height)
        return picture.map(lambda page: cut(page, mask, ground))

    def _mask(self, width: int, height: int) -> pyvips.Image:
        """Return what is left: a pixel's share is how far its middle lies within all four tears."""
        chance = random.Random(0)  # noqa: S311 - the same every time
        largest = min(width, height) / _LARGEST_SHARE
        least, most = min(self.least, largest), min(self.most, largest)
        across, down = pyvips.Image.xyz(width, height).bandsplit()
        left, right = (
            _stretched([[depth] for depth in _tear(height, least, most, chance)], width, height) for _ in "lr"
        )
        top, bottom = (_stretched([_tear(width, least, most, chance)], width, height) for _ in "tb")
        depths = [_stretched(values, width, height) for values in (left, right, top, bottom)]
        inner = (across - depths[0]).minpair(width - 1 - across - depths[1])
        inner = inner.minpair(down - depths[2]).minpair(height - 1 - down - depths[3])
        return inner.linear(255, 255, uchar=True)


def _tear(length: int, least: float, most: float, chance: random.Random) -> list[float]:
    """Return the depth of a tear at each pixel of an edge."""
    step = 2 ** max(1, math.ceil(math.log2(_WAVE * max(1.0, most))))
    points = [chance.random() for _ in range(length // step + 2)]
    swing = _ROUGHNESS
    while step > 1:
        halves = [(one + other) / 2 + swing * (chance.random() - 0.5) for one, other in pairwise(points)]
        points = [*(point for pair in zip(points, halves, strict=False) for point in pair), points[-1]]
        step, swing = step // 2, swing * _ROUGHNESS
    points = points[:length]
    low, high = min(points), max(points)
    return [least + (most - least) * (point - low) / (high - low or 1.0) for point in points]


def _stretched(values: list[list[float]], width: int, height: int) -> pyvips.Image:
    return pyvips.Image.new_from_array(values).embed(0, 0, width, height, extend="copy")

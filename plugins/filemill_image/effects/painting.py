"""The operation `oil-paint`."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Picture, PictureOperation
from filemill_image.effects.matrices import LUMA
from filemill_image.geometry.canvas import coloured
from filemill_image.geometry.scaling import enlarged, premultiplied
from filemill_image.geometry.sizes import Size

_LARGEST_RADIUS = 8.0
"""Larger strokes are painted with this radius on a picture made smaller first, pixels."""
_MOST_PIXELS = 25_000_000
"""A picture of more pixels is painted smaller and enlarged: no stroke is missed in it."""


class OilPaint(PictureOperation, frozen=True, kw_only=True, tag="oil-paint"):
    """Make a picture look as if it were painted in oil.

    Details smaller than the radius become even strokes, and edges stay sharp. It is the filter of Kuwahara
    and others (1976): of the four squares that a pixel is a corner of, the one with the least spread of
    brightness gives it its mean colour.
    """

    radius: Annotated[
        int, Meta(ge=1, le=100, description="How far a stroke reaches, pixels: 1 and 2 are the least.", examples=[6])
    ] = 4

    def reduction(self, picture: Picture) -> float:
        """Return how far large strokes, and a large picture, let it be reduced on load."""
        pixels = picture.width * picture.height
        return max(1.0, self.radius / _LARGEST_RADIUS, math.sqrt(pixels / _MOST_PIXELS))

    def run(self, picture: Picture, context: Context) -> Picture:
        """Paint every frame."""
        size, factor = Size(picture.width, picture.height), self.reduction(picture)
        small, reach = size.times(1 / factor), max(1, round(self.radius / factor / 2))

        def change(pixels: pyvips.Image) -> pyvips.Image:
            if (pixels.width, pixels.height) != small:
                pixels = pixels.resize(small.width / pixels.width, vscale=small.height / pixels.height)
            done = _painted(pixels, reach)
            return done if small == size else enlarged(done.copy_memory(), size, "bilinear")

        return picture.map(lambda page: premultiplied(coloured(page), change), factor)


def _painted(pixels: pyvips.Image, reach: int) -> pyvips.Image:
    """Give each pixel the mean of the evenest of four squares of `2 * reach + 1` pixels a side."""
    bands, side = pixels.bands, 2 * reach + 1
    brightness = pixels.extract_band(0, n=3).recomb([list(LUMA)])
    values = pixels.cast("float").bandjoin([brightness, brightness * brightness])
    means = values.convsep(pyvips.Image.new_from_array([[1] * side], scale=side), precision="float")
    mean, squares = means.extract_band(bands), means.extract_band(bands + 1)
    variance = squares - mean * mean
    # The standard deviation is at most 127.5: twice that, rounded, is fine enough to tell squares apart.
    spread = (variance > 0).ifthenelse(variance, 0) ** 0.5 * 2
    # In memory, as each square is read by four pixels' choices.
    candidates = (means.extract_band(0, n=bands).bandjoin(spread) + 0.5).cast("uchar").copy_memory()
    wide = candidates.embed(reach, reach, pixels.width + 2 * reach, pixels.height + 2 * reach, extend="copy")
    corners = [(left, top) for top in (0, 2 * reach) for left in (0, 2 * reach)]
    first, *others = (wide.crop(*corner, pixels.width, pixels.height) for corner in corners)
    for other in others:
        first = (other.extract_band(bands) < first.extract_band(bands)).ifthenelse(other, first)
    return first.extract_band(0, n=bands).copy(interpretation=pixels.interpretation)

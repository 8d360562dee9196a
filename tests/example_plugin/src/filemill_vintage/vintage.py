"""The operation that makes a picture look old."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Picture, PictureOperation

_PAPER = [1.06, 0.98, 0.82]
"""How faded paper weighs red, green and blue."""


class Vintage(PictureOperation, tag="vintage"):
    """Make a picture look like an old photograph.

    Colours fade towards a warm brown; transparency stays as it is.
    """

    strength: Annotated[int, Meta(ge=0, le=100, description="0 changes nothing, 100 leaves no colour.")] = 70

    def run(self, picture: Picture, context: Context) -> Picture:
        """Mix every frame with its brown."""
        if self.strength == 0:
            return picture
        return picture.map(self._faded)

    def _faded(self, image: pyvips.Image) -> pyvips.Image:
        colour = image.extract_band(0, n=3)
        grey = colour.colourspace("b-w").cast("float")
        brown = grey.bandjoin([grey, grey]) * _PAPER
        share = self.strength / 100
        faded = (colour * (1 - share) + brown * share).cast("uchar").copy(interpretation="srgb")
        return faded.bandjoin(image.extract_band(3)) if image.hasalpha() else faded

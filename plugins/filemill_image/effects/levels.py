"""The operation `auto-levels`."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Picture, PictureOperation
from filemill_image.effects.bands import COLOURS, on_colours
from filemill_image.effects.matrices import LUMA
from filemill_image.geometry.canvas import coloured

_VISIBLE = 128
"""Pixels with less alpha are not counted."""
_CLEAR = 256
"""What they are counted as."""
_LEAST_RANGE = 16
"""A picture, or a channel, that spans no more than this has no contrast to stretch, only noise."""


class AutoLevels(PictureOperation, frozen=True, kw_only=True, tag="auto-levels"):
    """Stretch the contrast of a picture to the full range.

    The darkest pixels become black and the lightest white, and all between them follow evenly; a small share
    at both ends is passed over, so that single pixels don't decide. All frames of an animation change alike.
    A picture of nearly one brightness stays as it is.
    """

    clip: Annotated[
        float,
        Meta(ge=0, le=10, description="Share of the pixels passed over at each end, percent.", examples=[0.5]),
    ] = 0.5
    channels: Annotated[
        bool,
        Meta(description="Whether red, green and blue are stretched each by itself, which also removes a colour cast."),
    ] = False

    def run(self, picture: Picture, context: Context) -> Picture:
        """Measure all frames, which takes the picture into memory, and stretch each."""
        image = coloured(picture.settled)
        colours = image.extract_band(0, n=COLOURS)
        measured = colours if self.channels else colours.recomb([list(LUMA)]).linear(1, 0.5, uchar=True)
        if image.hasalpha():
            hidden = image.extract_band(COLOURS) < _VISIBLE
            measured = hidden.ifthenelse(_CLEAR, measured.cast("ushort"))
        ranges = [self._range(measured.extract_band(band)) for band in range(measured.bands)]
        curves = [pyvips.Image.identity().linear(255 / (high - low), 0.5 - low * 255 / (high - low), uchar=True)
                  for low, high in ranges]  # fmt: skip
        curve = curves[0].bandjoin(curves[1:]) if self.channels else curves[0]
        context.report(levels=[[low, high] for low, high in ranges])
        return picture.map(lambda page: on_colours(page, lambda pixels: pixels.maplut(curve)))

    def _range(self, band: pyvips.Image) -> tuple[int, int]:
        """Return the values that become black and white."""
        counts = [int(count) for count in band.hist_find().tolist()[0]][:_CLEAR]
        passed = sum(counts) * self.clip / 100
        sums = list(accumulate(counts))
        low = next((value for value, count in enumerate(sums) if count > passed), 0)
        high = next((value for value, count in enumerate(sums) if count >= sums[-1] - passed), 255)
        return (low, high) if high - low >= _LEAST_RANGE else (0, 255)

"""Operations on tone and colour: every pixel changes for itself."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Picture, PictureOperation
from filemill_image.effects import matrices
from filemill_image.effects.bands import mixed, on_colours

_MIDDLE = 127.5
"""The grey that contrast leaves as it is."""


class Grayscale(PictureOperation, frozen=True, kw_only=True, tag="grayscale"):
    """Turn a picture grey.

    Every colour becomes the grey of the same luminance (CIE Y). Transparency stays.
    """

    def run(self, picture: Picture, context: Context) -> Picture:
        """Take the colour out of every frame."""
        return picture.map(lambda page: on_colours(page, _grey))


class Adjust(PictureOperation, frozen=True, kw_only=True, tag="adjust"):
    """Adjust brightness, contrast, saturation and hue of a picture.

    The four work in this order and exactly as the CSS filters `brightness()`, `contrast()`,
    `saturate()` and `hue-rotate()` do. Factors of 1 and a hue of 0 change nothing.
    """

    brightness: Annotated[
        float,
        Meta(ge=0, le=10, description="Factor of every colour value: 0 is black, 1 as it was.", examples=[1.2]),
    ] = 1.0
    contrast: Annotated[
        float,
        Meta(ge=0, le=10, description="Factor of the distance from middle grey: 0 is all grey.", examples=[1.1]),
    ] = 1.0
    saturation: Annotated[
        float, Meta(ge=0, le=10, description="Factor of the colourfulness: 0 is grey.", examples=[1.3])
    ] = 1.0
    hue: Annotated[float, Meta(ge=-360, le=360, description="Degrees by which all hues are turned.", examples=[90])] = (
        0.0
    )

    def run(self, picture: Picture, context: Context) -> Picture:
        """Change every frame; only encoded again where nothing is to be changed."""
        tone = self.brightness != 1 or self.contrast != 1
        colour = self.saturation != 1 or self.hue % 360 != 0
        if not tone and not colour:
            return picture.map(lambda pixels: pixels)
        curve = _curve(self.brightness, self.contrast)
        matrix = matrices.product(matrices.saturation(self.saturation), matrices.hue(self.hue))

        def change(pixels: pyvips.Image) -> pyvips.Image:
            pixels = pixels.maplut(curve) if tone else pixels
            return mixed(pixels, matrix) if colour else pixels

        return picture.map(lambda page: on_colours(page, change))


class Sepia(PictureOperation, frozen=True, kw_only=True, tag="sepia"):
    """Give a picture the brown tone of an old photograph.

    It is the CSS filter `sepia()`.
    """

    amount: Annotated[
        float, Meta(ge=0, le=1, description="Strength: 0 changes nothing, 1 is all brown.", examples=[0.8])
    ] = 1.0

    def run(self, picture: Picture, context: Context) -> Picture:
        """Tone every frame; only encoded again where the amount is 0."""
        if self.amount == 0:
            return picture.map(lambda pixels: pixels)
        matrix = matrices.sepia(self.amount)
        return picture.map(lambda page: on_colours(page, lambda pixels: mixed(pixels, matrix)))


class Negate(PictureOperation, frozen=True, kw_only=True, tag="negate"):
    """Turn a picture into its negative.

    Every colour value v becomes 255 - v. Transparency stays.
    """

    def run(self, picture: Picture, context: Context) -> Picture:
        """Invert the colours of every frame."""
        return picture.map(lambda page: on_colours(page, lambda pixels: pixels.invert()))


def _grey(pixels: pyvips.Image) -> pyvips.Image:
    """Return grey in three bands, so that every later step finds the sRGB it expects."""
    return pixels.colourspace("b-w").colourspace("srgb")


def _curve(brightness: float, contrast: float) -> pyvips.Image:
    """Return the table of both factors for 8-bit values; each is held within 8 bits, as in CSS."""
    brighter = pyvips.Image.identity().linear(brightness, 0.5, uchar=True)
    return brighter.linear(contrast, _MIDDLE * (1 - contrast) + 0.5, uchar=True)

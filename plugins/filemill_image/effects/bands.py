"""Bands: what an effect does to colour and what to alpha."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyvips

from filemill import Picture
from filemill_image.colour import Colour
from filemill_image.geometry.canvas import coloured

COLOURS = 3
"""Bands of an sRGB picture without alpha."""


def on_colours(image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """Change the three colour bands of one frame; alpha stays as it is."""
    image = coloured(image)
    if not image.hasalpha():
        return change(image)
    return change(image.extract_band(0, n=COLOURS)).bandjoin(image.extract_band(COLOURS))


def mixed(image: pyvips.Image, matrix: Sequence[Sequence[float]]) -> pyvips.Image:
    """Give every colour band as a weighted sum of the three, rounded and held within 8 bits."""
    return (image.recomb([list(row) for row in matrix]) + 0.5).cast("uchar").copy(interpretation="srgb")


def with_alpha(image: pyvips.Image) -> pyvips.Image:
    """Return one frame as four bands: opaque where it had no alpha."""
    image = coloured(image)
    return image if image.hasalpha() else image.bandjoin(255)


def filled(width: int, height: int, colour: Colour) -> pyvips.Image:
    """Return an area of one colour, with alpha where the colour is not opaque."""
    bands = colour.rgb if colour.opaque else list(colour)
    one = pyvips.Image.black(1, 1, bands=len(bands)).linear(1, bands, uchar=True)
    return one.embed(0, 0, width, height, extend="copy").copy(interpretation="srgb")


def first_frame(picture: Picture, factor: float) -> pyvips.Image:
    """Return a picture's first frame, reduced by at most `factor`, without reading the others."""
    image = picture.reduced(factor)
    return image.crop(0, 0, image.width, image.height // picture.frames)

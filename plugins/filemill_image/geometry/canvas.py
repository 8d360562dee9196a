"""Canvases: a frame laid on an area of one colour, or on a blurred enlargement of itself."""

from __future__ import annotations

import pyvips

from filemill_image.colour import Colour
from filemill_image.geometry.scaling import covered, premultiplied, rounded, scaled
from filemill_image.geometry.sizes import Size
from filemill_image.gravity import Gravity

_BLUR_SHARE = 40
"""The blur's sigma is this part of the canvas' longer side."""
_BLUR_SIGMA = 6.0
"""The sigma that is computed, on a canvas made small for it."""


def laid(image: pyvips.Image, left: int, top: int, size: Size, colour: Colour) -> pyvips.Image:
    """Lay one frame on a canvas: the colour fills what it leaves free and shows through its transparency."""
    image = coloured(image)
    if colour.opaque:
        if image.hasalpha():
            image = image.flatten(background=colour.rgb)
        return _embedded(image, left, top, size, list(colour.rgb))
    if not image.hasalpha():
        image = image.addalpha()
    elif colour.alpha:
        image = over(image, colour)
    return _embedded(image, left, top, size, list(colour))


def coloured(image: pyvips.Image) -> pyvips.Image:
    """Return an image with three colour bands, whether it was grey or not; alpha stays."""
    return image.colourspace("srgb") if image.bands < 3 else image


def on_blur(image: pyvips.Image, left: int, top: int, size: Size) -> pyvips.Image:
    """Lay one frame on a canvas that a blurred enlargement of it fills."""
    image = image.copy_memory()
    shrink = min(1.0, _BLUR_SIGMA * _BLUR_SHARE / max(size))
    (small,) = covered([image], size.times(shrink), Gravity.CENTER)
    sigma = shrink * max(size) / _BLUR_SHARE
    blurred = premultiplied(small, lambda pixels: rounded(pixels.gaussblur(max(sigma, 0.5), precision="float")))
    canvas = scaled(blurred.copy_memory(), size)
    if not image.hasalpha():
        return canvas.insert(image, left, top)
    return rounded(canvas.composite2(image, "over", x=left, y=top))


def over(image: pyvips.Image, colour: Colour) -> pyvips.Image:
    """Lay a frame with alpha over a colour that may let something through itself."""
    under = image.new_from_image(list(colour)).copy(interpretation="srgb")
    return rounded(under.composite2(image, "over"))


def _embedded(image: pyvips.Image, left: int, top: int, size: Size, background: list[int]) -> pyvips.Image:
    if (image.width, image.height) == size:
        return image
    return image.embed(left, top, size.width, size.height, extend="background", background=background)

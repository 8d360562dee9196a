"""Operations that mix neighbouring pixels: blur, sharpen, pixelate."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Picture, PictureOperation
from filemill_image.effects.bands import COLOURS
from filemill_image.effects.gaussian import SMALL_SIGMA, blurred, gaussian
from filemill_image.effects.regions import RegionalOperation
from filemill_image.geometry.canvas import coloured
from filemill_image.geometry.scaling import premultiplied
from filemill_image.geometry.sizes import Size

_LEAST_WEIGHT = 8
"""Where the visible neighbours have less alpha than this together, their mean is too coarse to be used."""


class Blur(RegionalOperation, frozen=True, kw_only=True, tag="blur"):
    """Blur a picture, or parts of it.

    A Gaussian blur of all pixels, or of those in the `regions`, each a box or the ellipse in it. Colours under
    transparency don't bleed into what is visible.
    """

    sigma: Annotated[
        float,
        Meta(ge=0.3, le=250, description="Standard deviation of the Gaussian, pixels.", examples=[5]),
    ] = 3.0

    def reduction(self, picture: Picture) -> float:
        """Return how far a strong blur of all of it lets the picture be reduced on load."""
        return max(1.0, self.sigma / SMALL_SIGMA) if self.regions is None else 1.0

    def run(self, picture: Picture, context: Context) -> Picture:
        """Blur every frame."""
        size = Size(picture.width, picture.height)
        return self.limited(picture, lambda pixels: blurred(pixels, size, self.sigma), self.reduction(picture))


class Sharpen(PictureOperation, frozen=True, kw_only=True, tag="sharpen"):
    """Sharpen a picture.

    An unsharp mask: what a Gaussian blur of `sigma` would take away is added, `amount` times.
    Transparency stays, and what is transparent has no influence on what is visible.
    """

    sigma: Annotated[
        float, Meta(ge=0.3, le=10, description="Width of the details that are made stronger, pixels.", examples=[1])
    ] = 1.0
    amount: Annotated[
        float, Meta(ge=0, le=10, description="How many times the details are added: 0 changes nothing.", examples=[0.8])
    ] = 1.0

    def run(self, picture: Picture, context: Context) -> Picture:
        """Sharpen every frame; only encoded again where the amount is 0."""
        if self.amount == 0:
            return picture.map(lambda pixels: pixels)
        return picture.map(self._sharpened)

    def _sharpened(self, page: pyvips.Image) -> pyvips.Image:
        page = coloured(page)
        if not page.hasalpha():
            return self._with_details(page, gaussian(page, self.sigma))
        colours, alpha = page.extract_band(0, n=COLOURS), page.extract_band(COLOURS)
        # The mean of the visible neighbours alone: were clear ones counted, edges would get a rim.
        mean = premultiplied(page, lambda pixels: gaussian(pixels, self.sigma))
        known = mean.extract_band(COLOURS) >= _LEAST_WEIGHT
        mean = known.ifthenelse(mean.extract_band(0, n=COLOURS), colours)
        return self._with_details(colours, mean).bandjoin(alpha)

    def _with_details(self, colours: pyvips.Image, blurred: pyvips.Image) -> pyvips.Image:
        sharper = colours.linear(1 + self.amount, 0.5) - blurred.linear(self.amount, 0)
        return sharper.cast("uchar").copy(interpretation="srgb")


class Pixelate(RegionalOperation, frozen=True, kw_only=True, tag="pixelate"):
    """Turn a picture, or parts of it, into large square blocks of one colour each.

    Each block has the mean of the colours it covers. Blocks at the right and bottom edge may be cut. With
    `regions` all else stays as it is.
    """

    size: Annotated[
        int, Meta(ge=1, le=4096, description="Side of a block, pixels; 1 changes nothing.", examples=[16])
    ] = 16

    def run(self, picture: Picture, context: Context) -> Picture:
        """Make blocks of every frame; only encoded again where a block is one pixel."""
        if self.size == 1:
            return picture.map(lambda pixels: pixels)
        return self.limited(picture, self._blocks)

    def _blocks(self, pixels: pyvips.Image) -> pyvips.Image:
        rows = _means(pixels.copy_memory(), self.size, upright=True)
        small = _means(rows, self.size, upright=False)
        return small.zoom(self.size, self.size).crop(0, 0, pixels.width, pixels.height)


def _means(pixels: pyvips.Image, size: int, *, upright: bool) -> pyvips.Image:
    """Give the means of every `size` pixels of a column or row, and of those left at its end their own.

    The parts are computed before they are joined: libvips' shrink would write past its end (8.18).
    """
    length = pixels.height if upright else pixels.width
    whole, rest = length - length % size, length % size
    parts = []
    for start, part, step in ((0, whole, size), (whole, rest, rest)):
        if part and upright:
            parts.append(pixels.crop(0, start, pixels.width, part).shrinkv(step).copy_memory())
        elif part:
            parts.append(pixels.crop(start, 0, part, pixels.height).shrinkh(step).copy_memory())
    return parts[0] if len(parts) == 1 else parts[0].join(parts[1], "vertical" if upright else "horizontal")

"""Parts of a picture that an effect is limited to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pyvips
from msgspec import Meta, Struct

from filemill import Choice, Picture, PictureOperation
from filemill.limits import MAX_DIMENSION
from filemill_image.colour import WHITE
from filemill_image.effects.bands import filled
from filemill_image.effects.gaussian import blurred
from filemill_image.geometry.canvas import coloured
from filemill_image.geometry.scaling import premultiplied
from filemill_image.geometry.sizes import Size

_MOST = 100
_SOFT_FROM = 0.3
"""A smaller standard deviation softens nothing, pixels."""
_Place = Annotated[int, Meta(ge=-MAX_DIMENSION, le=MAX_DIMENSION)]
_Side = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]


class Region(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a picture, pixels."""

    x: Annotated[_Place, Meta(description="Left edge.")]
    y: Annotated[_Place, Meta(description="Top edge.")]
    width: Annotated[_Side, Meta(description="Width.")]
    height: Annotated[_Side, Meta(description="Height.")]


class Shape(Choice):
    """The shape of a region: its box, or the ellipse in it."""

    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


class RegionalOperation(PictureOperation, frozen=True, kw_only=True):
    """Base of the effects that can be limited to parts of a picture."""

    regions: (
        Annotated[
            list[Region],
            Meta(
                min_length=1,
                max_length=_MOST,
                description="Parts the effect is limited to; what of them lies outside is ignored. Default: all.",
                examples=[[{"x": 10, "y": 10, "width": 30, "height": 20}]],
            ),
        ]
        | None
    ) = None
    shape: Annotated[Shape, Meta(description="Shape of the regions: `rectangle`, or the `ellipse` in it.")] = (
        Shape.RECTANGLE
    )
    feather: Annotated[
        float,
        Meta(ge=0, le=100, description="Standard deviation of the Gaussian that softens their edges, pixels."),
    ] = 0.0

    def limited(self, picture: Picture, change: Callable[[pyvips.Image], pyvips.Image], factor: float = 1.0) -> Picture:
        """Return a picture of which the regions, or all of it, went through a change of premultiplied pixels.

        Args:
            picture: where there are regions it is held in memory, as it is read twice.
            change: gives pixels as large as the picture.
            factor: by which the pixels may be reduced; only without regions.
        """
        if self.regions is None:
            return picture.map(lambda page: premultiplied(coloured(page), change), factor)
        picture.settle()
        mask = self._mask(Size(picture.width, picture.height), self.regions).copy_memory()
        return picture.map(lambda page: _within(coloured(page), mask, change))

    def _mask(self, size: Size, regions: list[Region]) -> pyvips.Image:
        """Return where the regions are: 255 within, 0 without, values between along soft edges."""
        mask = pyvips.Image.black(*size)
        for region in regions:
            width, height = region.width, region.height
            if not (-width < region.x < size.width and -height < region.y < size.height):
                continue
            part = _ellipse(width, height) if self.shape is Shape.ELLIPSE else _box(width, height)
            mask = mask | part.embed(region.x, region.y, *size)
        return blurred(mask, size, self.feather) if self.feather >= _SOFT_FROM else mask


def _within(page: pyvips.Image, mask: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    changed = premultiplied(page, lambda pixels: mask.ifthenelse(change(pixels), pixels, blend=True))
    # Premultiplying rounds: what lies outside keeps its own values.
    return (mask > 0).ifthenelse(changed, page) if page.hasalpha() else changed


def _box(width: int, height: int) -> pyvips.Image:
    return filled(width, height, WHITE).extract_band(0)


def _ellipse(width: int, height: int) -> pyvips.Image:
    """Return the largest ellipse in a box, which every pixel is in whose middle is."""
    across, down = pyvips.Image.xyz(width, height).bandsplit()
    across, down = across.linear(2 / width, 1 / width - 1), down.linear(2 / height, 1 / height - 1)
    return across * across + down * down <= 1

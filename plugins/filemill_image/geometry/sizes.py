"""Sizes: which pixels a picture gets when it is fitted to a box."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from msgspec import Meta

from filemill.limits import MAX_DIMENSION

Width = Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Target width, pixels.", examples=[800])]
Height = Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Target height, pixels.", examples=[600])]


class Size(NamedTuple):
    """Width and height, pixels."""

    width: int
    height: int

    def times(self, scale: float) -> Size:
        """Return the size scaled and rounded, at least 1x1."""
        return Size(max(1, round(self.width * scale)), max(1, round(self.height * scale)))

    def inside(self, box: Size, *, enlarge: bool) -> Size:
        """Return the largest size of the same ratio that fits in a box."""
        scale = min(box.width / self.width, box.height / self.height)
        return self.times(scale if enlarge else min(scale, 1.0))

    def around(self, box: Size) -> Size:
        """Return the smallest size of the same ratio that covers a box."""
        return self.times(max(box.width / self.width, box.height / self.height))

    def reduction_to(self, size: Size) -> float:
        """Return the factor both sides may be divided by without going below a size; at least 1."""
        return max(1.0, min(self.width / size.width, self.height / size.height))

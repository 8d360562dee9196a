"""The operation `crop`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Picture, PictureOperation
from filemill.errors import Fault
from filemill.faults import refuse
from filemill.limits import MAX_DIMENSION
from filemill_image.geometry.sizes import Height, Width
from filemill_image.gravity import Position, offset

Left = Annotated[int, Meta(ge=0, lt=MAX_DIMENSION, description="Left edge of the part, pixels.", examples=[0])]
Top = Annotated[int, Meta(ge=0, lt=MAX_DIMENSION, description="Top edge of the part, pixels.", examples=[0])]


class Crop(PictureOperation, frozen=True, kw_only=True, tag="crop"):
    """Cut a rectangle out of a picture.

    The part is `width` x `height` pixels and must lie within the picture; an error says how large
    the picture is. With `clip` only as much of it must as is to be left: the rest is cut off. `x` and
    `y` say where it starts; an axis without them is placed by `gravity`.
    """

    width: Width
    height: Height
    x: Left | None = None
    y: Top | None = None
    gravity: Annotated[
        Position, Meta(description="Where the part lies, on an axis without x or y.", examples=["top"])
    ] = Position.CENTER
    clip: Annotated[bool, Meta(description="Whether a part that reaches out of the picture ends at its edges.")] = False

    def run(self, picture: Picture, context: Context) -> Picture:
        """Cut the same part out of every frame."""
        width, height = self.width, self.height
        if self.clip:
            width = max(1, min(width, picture.width - (self.x or 0)))
            height = max(1, min(height, picture.height - (self.y or 0)))
        left, top = offset(self.gravity, picture.width - width, picture.height - height)
        left = left if self.x is None else self.x
        top = top if self.y is None else self.y
        found = [
            *_overhang("width", "x", left, width, picture.width),
            *_overhang("height", "y", top, height, picture.height),
        ]
        if found:
            raise refuse(found)
        return picture.map(lambda page: page.crop(left, top, width, height))


def _overhang(side: str, axis: str, start: int, length: int, available: int) -> list[Fault]:
    """Say that a part reaches out of the picture, where it does."""
    if length > available:
        return [Fault(f"/{side}", f"The picture's {side} is {available} pixels; {length} can't be cut out of it.")]
    if start + length > available:
        detail = f"The part ends at {axis} = {start + length}, but the picture's {side} is {available} pixels."
        return [Fault(f"/{axis}", detail)]
    return []

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
    the picture is. `x` and `y` say where it starts; an axis without them is placed by `gravity`.
    """

    width: Width
    height: Height
    x: Left | None = None
    y: Top | None = None
    gravity: Annotated[
        Position, Meta(description="Where the part lies, on an axis without x or y.", examples=["top"])
    ] = Position.CENTER

    def run(self, picture: Picture, context: Context) -> Picture:
        """Cut the same part out of every frame."""
        left, top = offset(self.gravity, picture.width - self.width, picture.height - self.height)
        left = left if self.x is None else self.x
        top = top if self.y is None else self.y
        found = [
            *_overhang("width", "x", left, self.width, picture.width),
            *_overhang("height", "y", top, self.height, picture.height),
        ]
        if found:
            raise refuse(found)
        return picture.map(lambda page: page.crop(left, top, self.width, self.height))


def _overhang(side: str, axis: str, start: int, length: int, available: int) -> list[Fault]:
    """Say that a part reaches out of the picture, where it does."""
    if length > available:
        return [Fault(f"/{side}", f"The picture's {side} is {available} pixels; {length} can't be cut out of it.")]
    if start + length > available:
        detail = f"The part ends at {axis} = {start + length}, but the picture's {side} is {available} pixels."
        return [Fault(f"/{axis}", detail)]
    return []

"""Tasks that make one picture of many: collage, animate."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill_server.dialects.filestack.tasks.base import (
    ColourOption,
    Kind,
    Position,
    PositionOption,
    Step,
    StepTask,
    colour,
    gravity,
)
from filemill_server.dialects.filestack.tasks.pictures import Side

_Handle = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
_FrameSide = Annotated[int, Meta(ge=1, le=1800)]
_FITS = {"clip": "contain", "scale": "fill", "crop": "cover"}


class Collage(StepTask, frozen=True, kw_only=True):
    """FS-70: the file, or the list of them, and those of `files`."""

    aliases: ClassVar = {"w": "width", "h": "height", "m": "margin", "c": "color", "f": "files"}
    files: Annotated[list[_Handle], Meta(min_length=1, max_length=100)]
    width: Side
    height: Side
    margin: Annotated[int, Meta(ge=1, le=100)] = 10
    color: ColourOption = "FFFFFFFF"
    fit: Literal["auto", "crop"] = "auto"
    autorotate: bool = False

    def steps(self, kind: Kind) -> list[Step]:
        """Lay them in rows, or for `crop` in a grid."""
        if not self.width or not self.height:
            raise invalid("/collage", "'collage' needs a 'width' and a 'height' greater than 0.")
        step: Step = {
            "op": "collage",
            "images": [{"assetId": handle} for handle in self.files],
            "width": self.width,
            "height": self.height,
            "margin": self.margin,
            "background": colour(self.color, "/collage/color"),
            "layout": "justified" if self.fit == "auto" else "grid",
            "turn": self.autorotate,
        }
        return [step]


class Animate(StepTask, frozen=True, kw_only=True):
    """FS-74: a list of pictures becomes an animation."""

    aliases: ClassVar = {"d": "delay", "l": "loop", "w": "width", "h": "height", "f": "fit", "a": "align"}
    delay: Annotated[int, Meta(ge=0, le=10_000)] = 100
    loop: Annotated[int, Meta(ge=0, le=1000)] = 0
    width: _FrameSide | None = None
    height: _FrameSide | None = None
    fit: Literal["clip", "scale", "crop"] = "clip"
    align: PositionOption = Position.CENTER
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Make each a frame."""
        sides = {name: side for name, side in (("width", self.width), ("height", self.height)) if side}
        step: Step = {
            "op": "animate",
            **sides,
            "fit": _FITS[self.fit],
            "position": gravity(self.align, "/animate/align"),
            "background": colour(self.background, "/animate/background"),
            "delay": self.delay,
            "loop": self.loop,
        }
        return [step]

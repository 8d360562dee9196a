"""Tasks on what surrounds a picture: vignette, shadow, polaroid, torn edges."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from filemill_server.dialects.filestack.tasks.base import ColourOption, Kind, Step, StepTask, colour
from filemill_server.dialects.filestack.tasks.effects import Amount, Percent

_Depth = Annotated[int, Meta(ge=1, le=10_000)]
_Offset = Annotated[int, Meta(ge=-1000, le=1000)]


class Vignette(StepTask, frozen=True, kw_only=True):
    """FS-65."""

    amount: Percent = 20
    blurmode: Literal["gaussian", "linear"] = "gaussian"
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Let it fade to the background; 0 changes nothing."""
        ground = colour(self.background, "/vignette/background")
        if not self.amount:
            return []
        return [{"op": "vignette", "amount": self.amount / 100, "falloff": self.blurmode, "colour": ground}]


class Shadow(StepTask, frozen=True, kw_only=True):
    """FS-65. The blur is the Gaussian's standard deviation."""

    blur: Amount = 4
    opacity: Percent = 60
    vector: tuple[_Offset, _Offset] = (4, 4)
    color: ColourOption = "black"
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Lay a shadow under it."""
        step: Step = {
            "op": "drop-shadow",
            "x": self.vector[0],
            "y": self.vector[1],
            "sigma": self.blur,
            "opacity": self.opacity / 100,
            "colour": colour(self.color, "/shadow/color"),
            "background": colour(self.background, "/shadow/background"),
        }
        return [step]


class Polaroid(StepTask, frozen=True, kw_only=True):
    """FS-65."""

    color: ColourOption = "snow"
    rotate: Annotated[float, Meta(ge=0, le=359)] = 0
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Frame and turn it."""
        paper, ground = colour(self.color, "/polaroid/color"), colour(self.background, "/polaroid/background")
        return [{"op": "polaroid", "rotate": self.rotate, "colour": paper, "background": ground}]


class TornEdges(StepTask, frozen=True, kw_only=True):
    """FS-65. The spread is the least and the largest depth of a tear, in any order."""

    spread: tuple[_Depth, _Depth] = (1, 10)
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Tear it off on all sides."""
        ground = colour(self.background, "/torn_edges/background")
        return [{"op": "torn-edges", "least": min(self.spread), "most": max(self.spread), "background": ground}]

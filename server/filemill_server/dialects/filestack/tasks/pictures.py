"""Tasks on the shape of pictures: resize, crop, turn, mirror, corners, border, watermark."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_server.dialects.filestack.tasks.base import (
    ColourOption,
    Kind,
    Position,
    PositionOption,
    Step,
    StepTask,
    colour,
    gravity,
    not_implemented,
)

Side = Annotated[int, Meta(ge=0, le=10_000)]
_SOFTEST = 1.0
"""The blur of a corner's edge that is no more than the smoothing it has anyway, pixels."""


class Fit(Enum):
    """How a picture meets a box of another ratio."""

    CLIP = "clip"
    CROP = "crop"
    SCALE = "scale"
    MAX = "max"


_FITS = {Fit.CLIP: "inside", Fit.CROP: "cover", Fit.SCALE: "fill", Fit.MAX: "inside"}


class Resize(StepTask, frozen=True, kw_only=True):
    """FS-60. A side of 0 counts as not given."""

    aliases: ClassVar = {"w": "width", "h": "height", "f": "fit", "a": "align"}
    width: Side = 0
    height: Side = 0
    fit: Fit = Fit.CLIP
    align: PositionOption = Position.CENTER

    def steps(self, kind: Kind) -> list[Step]:
        """Resize."""
        if not self.width and not self.height:
            raise invalid("/resize", "'resize' needs a 'width', a 'height' or both, greater than 0.")
        sides = {name: side for name, side in (("width", self.width), ("height", self.height)) if side}
        step: Step = {"op": "resize", **sides, "fit": _FITS[self.fit], "enlarge": self.fit is not Fit.MAX}
        place = gravity(self.align, "/resize/align")
        return [step | {"gravity": place} if self.fit is Fit.CROP else step]


class Crop(StepTask, frozen=True, kw_only=True):
    """FS-61."""

    dim: Annotated[list[Annotated[int, Meta(ge=0, le=100_000)]], Meta(min_length=4, max_length=4)]

    def steps(self, kind: Kind) -> list[Step]:
        """Cut; no picture has more pixels a side than our own limit, so a larger box is the same."""
        x, y, width, height = self.dim
        if not width or not height:
            raise invalid("/crop/dim", "Width and height of the box are at least 1.")
        if max(x, y) >= MAX_DIMENSION:
            raise invalid(
                "/crop/dim", f"The box begins outside any picture: a side has at most {MAX_DIMENSION} pixels."
            )
        sides = {"width": min(width, MAX_DIMENSION), "height": min(height, MAX_DIMENSION)}
        return [{"op": "crop", "x": x, "y": y, **sides, "clip": True}]


class Rotate(StepTask, frozen=True, kw_only=True):
    """FS-62. Pictures are always turned as their EXIF says, before the first task."""

    deg: Annotated[float, Meta(ge=0, le=359)] | Literal["exif"] = "exif"
    exif: bool = True
    background: ColourOption = "FFFFFFFF"

    def steps(self, kind: Kind) -> list[Step]:
        """Turn."""
        if not self.exif:
            raise not_implemented("/rotate/exif: pictures are always turned as their EXIF says.")
        ground = colour(self.background, "/rotate/background")
        if not isinstance(self.deg, float) or not self.deg:
            return []
        return [{"op": "rotate", "angle": self.deg, "background": ground}]


class Flip(StepTask, frozen=True, kw_only=True):
    """FS-63."""

    def steps(self, kind: Kind) -> list[Step]:
        """Mirror top to bottom."""
        return [{"op": "flip"}]


class Flop(StepTask, frozen=True, kw_only=True):
    """FS-63."""

    def steps(self, kind: Kind) -> list[Step]:
        """Mirror left to right."""
        return [{"op": "flop"}]


class RoundedCorners(StepTask, frozen=True, kw_only=True):
    """FS-64."""

    radius: Annotated[int, Meta(ge=1, le=10_000)] | Literal["max"] = 10
    blur: Annotated[float, Meta(ge=0, le=20)] = 0.3
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Round the corners; a radius beyond half the shorter side is that half."""
        if self.blur > _SOFTEST:
            raise not_implemented(
                f"/rounded_corners/blur: corners are smoothed, but not blurred by more than {_SOFTEST:g}."
            )
        radius = self.radius if self.radius == "max" else min(self.radius, MAX_DIMENSION // 2)
        return [_rounded(radius, self.background, "/rounded_corners/background")]


class Circle(StepTask, frozen=True, kw_only=True):
    """FS-65."""

    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Keep the largest square in the middle, and of it the circle."""
        square: Step = {
            "op": "resize", "width": MAX_DIMENSION, "height": MAX_DIMENSION, "fit": "cover", "enlarge": False,
        }  # fmt: skip
        return [square, _rounded("max", self.background, "/circle/background")]


class Border(StepTask, frozen=True, kw_only=True):
    """FS-65."""

    width: Annotated[int, Meta(ge=0, le=1000)] = 3
    color: ColourOption = "black"
    background: ColourOption = "transparent"

    def steps(self, kind: Kind) -> list[Step]:
        """Lay the picture on the background, where there is one, and draw the border around it."""
        ground, ink = colour(self.background, "/border/background"), colour(self.color, "/border/color")
        steps: list[Step] = []
        if ground != "transparent":
            steps.append({"op": "pad", "all": 0, "background": ground})
        if self.width:
            steps.append({"op": "border", "width": self.width, "colour": ink})
        return steps


class Watermark(StepTask, frozen=True, kw_only=True):
    """FS-68. `size` is a percentage of the watermark's own size; one that would not fit is made smaller."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    size: Annotated[float, Meta(ge=0, le=500)] = 100
    position: PositionOption = Position.CENTER

    def steps(self, kind: Kind) -> list[Step]:
        """Put it on; of 0 percent nothing is seen."""
        place = gravity(self.position, "/watermark/position")
        if not self.size:
            return []
        image = {"assetId": self.file}
        return [
            {"op": "watermark", "image": image, "scale": max(0.001, self.size / 100), "position": place, "margin": 0}
        ]


class SmartCrop(StepTask, frozen=True, kw_only=True):
    """FS-74."""

    width: Side
    height: Side
    mode: Literal["auto", "face"] = "auto"
    fill_color: ColourOption = "transparent"
    coords: bool = False

    def steps(self, kind: Kind) -> list[Step]:
        """Keep where the eye goes; the result is all picture, so there is nothing to fill."""
        if self.mode == "face":
            raise not_implemented("/smart_crop/mode: 'face' needs an engine that finds faces; none is installed.")
        if self.coords:
            raise not_implemented("/smart_crop/coords: the place of the crop is not told.")
        if not self.width or not self.height:
            raise invalid("/smart_crop", "'smart_crop' needs a 'width' and a 'height' greater than 0.")
        colour(self.fill_color, "/smart_crop/fill_color")
        return [{"op": "smart-crop", "width": self.width, "height": self.height, "strategy": "attention"}]


def _rounded(radius: int | str, background: str, pointer: str) -> Step:
    step: Step = {"op": "rounded-corners", "radius": radius}
    ground = colour(background, pointer)
    return step if ground == "transparent" else step | {"background": ground}

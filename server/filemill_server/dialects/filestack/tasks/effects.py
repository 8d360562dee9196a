"""Tasks on the look of pictures: blur, sharpen, pixelate, and those on tone."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill_server.dialects.filestack.tasks.base import Kind, Step, StepTask, not_implemented

Amount = Annotated[float, Meta(ge=0, le=20)]
Percent = Annotated[int, Meta(ge=0, le=100)]
_Box = Annotated[list[Annotated[int, Meta(ge=0, le=10_000)]], Meta(min_length=4, max_length=4)]
_MOST = 10.0
"""The largest factor of our `adjust`; a larger one takes two steps."""
_VIVID = 1.3
"""Saturation of `enhance=preset:vivid`."""
_WEAKEST_BLUR = 0.3
_UPWARDS = 1 + 1e-6
"""What lifts a value that is the threshold over the rounding of its product."""


class Blur(StepTask, frozen=True, kw_only=True):
    """FS-66. The amount is the Gaussian's standard deviation."""

    amount: Amount = 2

    def steps(self, kind: Kind) -> list[Step]:
        """Blur; 0 changes nothing."""
        return [{"op": "blur", "sigma": max(self.amount, _WEAKEST_BLUR)}] if self.amount else []


class Sharpen(StepTask, frozen=True, kw_only=True):
    """FS-66. The default of 2 adds the details once."""

    amount: Amount = 2

    def steps(self, kind: Kind) -> list[Step]:
        """Sharpen; 0 changes nothing."""
        return [{"op": "sharpen", "sigma": 1.0, "amount": self.amount / 2}] if self.amount else []


class Pixelate(StepTask, frozen=True, kw_only=True):
    """FS-66. The amount is the side of a block."""

    amount: Annotated[int, Meta(ge=2, le=100)] = 2

    def steps(self, kind: Kind) -> list[Step]:
        """Make blocks."""
        return [{"op": "pixelate", "size": self.amount}]


class OilPaint(StepTask, frozen=True, kw_only=True):
    """FS-66. The amount is the radius of a stroke."""

    amount: Annotated[int, Meta(ge=2, le=100)] = 2

    def steps(self, kind: Kind) -> list[Step]:
        """Paint."""
        return [{"op": "oil-paint", "radius": self.amount}]


class PartialTask(StepTask, frozen=True, kw_only=True):
    """FS-69: base of the tasks on boxes, or the ovals in them; `blur` softens their edges."""

    objects: Annotated[list[_Box], Meta(min_length=1, max_length=50)]
    blur: Amount = 4
    type: Literal["rect", "oval"] = "rect"

    def limits(self, pointer: str) -> Step:
        """Return what limits a step to the boxes; those beyond any picture change nothing."""
        if any(not width or not height for _, _, width, height in self.objects):
            raise invalid(pointer, "Width and height of each box are at least 1.")
        regions = [dict(zip(("x", "y", "width", "height"), box, strict=True)) for box in self.objects]
        shape = "ellipse" if self.type == "oval" else "rectangle"
        return {"regions": regions, "shape": shape, "feather": self.blur}


class PartialBlur(PartialTask, frozen=True, kw_only=True):
    """FS-69."""

    amount: Amount = 10

    def steps(self, kind: Kind) -> list[Step]:
        """Blur the boxes; 0 changes nothing."""
        limits = self.limits("/partial_blur/objects")
        return [{"op": "blur", "sigma": max(self.amount, _WEAKEST_BLUR), **limits}] if self.amount else []


class PartialPixelate(PartialTask, frozen=True, kw_only=True):
    """FS-69."""

    amount: Annotated[int, Meta(ge=2, le=100)] = 10

    def steps(self, kind: Kind) -> list[Step]:
        """Make blocks of the boxes."""
        return [{"op": "pixelate", "size": self.amount, **self.limits("/partial_pixelate/objects")}]


class Enhance(StepTask, frozen=True, kw_only=True):
    """FS-74: levels from the picture itself; presets that look at what is shown are refused."""

    preset: Literal[
        "auto", "vivid", "beautify", "beautify_plus", "fix_dark", "fix_noise", "fix_tint", "outdoor", "fireworks"
    ] = "auto"

    def steps(self, kind: Kind) -> list[Step]:
        """Stretch the contrast; `vivid` also makes colours stronger, `fix_tint` removes a cast."""
        if self.preset == "fix_tint":
            return [{"op": "auto-levels", "channels": True}]
        if self.preset == "vivid":
            return [{"op": "auto-levels"}, {"op": "adjust", "saturation": _VIVID}]
        if self.preset != "auto":
            raise not_implemented(f"/enhance/preset: {self.preset!r} is not done here; auto, vivid and fix_tint are.")
        return [{"op": "auto-levels"}]


class Monochrome(StepTask, frozen=True, kw_only=True):
    """FS-67."""

    def steps(self, kind: Kind) -> list[Step]:
        """Take the colour out."""
        return [{"op": "grayscale"}]


class Negative(StepTask, frozen=True, kw_only=True):
    """FS-67."""

    def steps(self, kind: Kind) -> list[Step]:
        """Invert the colours."""
        return [{"op": "negate"}]


class Sepia(StepTask, frozen=True, kw_only=True):
    """FS-67."""

    tone: Percent = 80

    def steps(self, kind: Kind) -> list[Step]:
        """Tone."""
        return [{"op": "sepia", "amount": self.tone / 100}]


class Blackwhite(StepTask, frozen=True, kw_only=True):
    """FS-67."""

    threshold: Percent = 50

    def steps(self, kind: Kind) -> list[Step]:
        """Make white what has at least so much percent of the luminance, and black what has less.

        The factor brings the threshold to the middle between 127 and 128; three times the largest contrast
        then drives these two to 0 and 255.
        """
        if not self.threshold:
            return [{"op": "adjust", "brightness": 0.0}, {"op": "negate"}]
        contrast: Step = {"op": "adjust", "contrast": _MOST}
        return [{"op": "grayscale"}, *_factors("brightness", 50 / self.threshold * _UPWARDS), *[contrast] * 3]


class Modulate(StepTask, frozen=True, kw_only=True):
    """FS-67. Percentages; `hue` in degrees."""

    brightness: Annotated[int, Meta(ge=0, le=10_000)] = 100
    saturation: Annotated[int, Meta(ge=0, le=10_000)] = 100
    hue: Annotated[int, Meta(ge=0, le=359)] = 0

    def steps(self, kind: Kind) -> list[Step]:
        """Adjust, in the order of the options."""
        steps = [*_factors("brightness", self.brightness / 100), *_factors("saturation", self.saturation / 100)]
        return [*steps, {"op": "adjust", "hue": self.hue}] if self.hue else steps


def _factors(name: str, factor: float) -> list[Step]:
    """Return the steps that multiply by a factor; those beyond the largest are two."""
    if factor == 1:
        return []
    if factor <= _MOST:
        return [{"op": "adjust", name: factor}]
    return [{"op": "adjust", name: _MOST}, {"op": "adjust", name: factor / _MOST}]

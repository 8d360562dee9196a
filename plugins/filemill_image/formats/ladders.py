"""Ladders: an encoder's settings in the order of the sizes they give, for size targets.

Each step has the natural logarithm of the bits a pixel that it costs: means over eight photographs (libvips
8.18; JPEG 1600 wide with 4:2:0, all others 800 wide). Pictures differ in the whole by a factor of five but little
in the shape, so that two encodes tell the curve of a picture.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple

from filemill_image.formats.effort import PALETTE

_JPEG = {
    1: -1.92, 3: -1.90, 5: -1.80, 7: -1.70, 10: -1.56, 15: -1.39, 20: -1.25, 25: -1.14, 30: -1.04, 40: -0.90, 50: -0.77,
    60: -0.65, 70: -0.48, 75: -0.39, 80: -0.24, 85: -0.06, 88: 0.09, 90: 0.17, 92: 0.26, 93: 0.32, 94: 0.41, 95: 0.51,
}  # fmt: skip
_JPEG_FULL_CHROMA = {92: 0.54, 93: 0.61, 94: 0.71, 95: 0.81}
_WEBP = {
    1: -2.23, 2: -2.13, 3: -2.04, 5: -1.92, 7: -1.83, 10: -1.72, 15: -1.57, 20: -1.45, 30: -1.24, 40: -1.08, 50: -0.94,
    60: -0.81, 70: -0.70, 75: -0.63, 80: -0.44, 85: -0.22, 88: -0.06, 90: 0.07, 92: 0.21, 94: 0.41, 95: 0.48, 100: 0.98,
}  # fmt: skip
_AVIF = {
    1: -2.85, 3: -2.74, 7: -2.65, 10: -2.48, 15: -2.34, 20: -2.11, 25: -1.97, 30: -1.73, 35: -1.53, 40: -1.33,
    45: -1.10, 50: -0.91, 55: -0.76, 60: -0.58, 65: -0.46, 70: -0.28, 75: -0.13, 80: 0.04, 85: 0.17, 88: 0.36,
    90: 0.50, 92: 0.68, 94: 0.79, 95: 0.96, 100: 1.80,
}  # fmt: skip
_JXL = {
    1: -2.06, 3: -1.98, 6: -1.85, 9: -1.73, 11: -1.65, 19: -1.50, 25: -1.29, 30: -1.18, 35: -1.13, 40: -1.09, 50: -0.94,
    60: -0.77, 70: -0.56, 75: -0.46, 80: -0.33, 85: -0.05, 90: 0.15, 92: 0.26, 95: 0.57, 97: 0.77, 99: 1.14, 100: 1.45,
}  # fmt: skip
_JXL_SMALLER = range(12, 19)
"""Qualities of JPEG XL that look worse than 19 and take more bytes: from there on it halves the picture's sides."""
_JP2 = {
    1: -4.15, 6: -3.31, 11: -2.53, 20: -2.13, 25: -1.92, 30: -1.72, 35: -1.53, 40: -1.36, 50: -1.05, 60: -0.80,
    70: -0.58, 75: -0.47, 80: -0.36, 85: -0.12, 88: 0.03, 90: 0.12, 92: 0.30, 95: 0.55, 97: 0.77, 99: 0.96, 100: 1.03,
}  # fmt: skip
_COLOURS = {1: -1.1, 2: -0.5, 3: 0.0, 4: 0.4, 5: 0.7, 6: 0.95, 7: 1.15, 8: 1.35}
"""By the bits of a palette's index."""
_PALETTE_QUALITY = {10: 0.7, 30: 0.9, 50: 1.0, 70: 1.1, 85: 1.2, 100: 1.35}
"""By the quality of a palette of at most 256 colours."""
_EVERY_COLOUR = 2.3

_AVIF_DISTINCT = (
    2, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 34, 36, 38, 39, 41, 43, 44, 46, 48, 49, 51, 53, 54, 55,
    57, 58, 59, 61, 62, 63, 65, 66, 67, 69, 70, 71, 73, 74, 75, 77, 78, 79, 81, 82, 83, 85, 86, 87, 89, 90, 91, 93, 94,
    95, 97, 98, 99, 100,
)  # fmt: skip
"""The qualities that libheif tells apart: it has 64 quantizers."""

HIGHEST = 95
"""The quality beyond which more bytes show nothing, where the caller names no other."""


class Step(NamedTuple):
    """One setting: options for the saver, its place on the curve, and what the report says of it."""

    options: dict[str, Any]
    curve: float
    decided: dict[str, Any]


class Ladder(NamedTuple):
    """Steps from the smallest to the largest.

    `floor` is the index of the least that still looks acceptable, `overhead` the bytes that every file of
    the format has beside its pixels. `tighter` options save bytes at the same quality for more time, and are
    used where the steps are too far apart to use the bytes well, and where nothing else fits.
    """

    steps: list[Step]
    floor: int
    overhead: int
    tighter: dict[str, Any] = {}


def ladder(format: str, highest: int | None, options: dict[str, Any]) -> Ladder:
    """Return the ladder of a format up to a quality; one step alone where nothing may be lost.

    Args:
        format: the format's name.
        highest: the best quality wanted.
        options: what the encode is planned with.
    """
    top = highest or HIGHEST
    if options.get("lossless") or format == "tiff":
        return Ladder([Step({}, 0.0, {})], 0, 0)
    if format == "jpeg":  # with whole chroma only where half of it would be no better than quality 94
        steps = [_quality(q, _JPEG, subsample_mode="on") for q in range(1, min(top, 94) + 1)]
        steps += [_quality(q, _JPEG_FULL_CHROMA, subsample_mode="off") for q in range(92, min(top, 95) + 1) if top > 94]
        steps += [_quality(q, {95: 0.81, 100: 1.70}, subsample_mode="off") for q in range(96, top + 1)]
        return Ladder(steps, min(40, len(steps)) - 1, 640, {"optimize_coding": True})
    if format == "webp":
        # Transparency is kept exactly at `alpha_q` 100, which in some pictures takes most of the bytes.
        steps = [_quality(q, _WEBP, alpha_q=min(q + 20, 100)) for q in range(1, top + 1)]
        return Ladder(steps, min(40, top) - 1, 40)
    if format == "avif":
        distinct = [_quality(q, _AVIF) for q in _AVIF_DISTINCT if q < top] + [_quality(top, _AVIF)]
        return Ladder(distinct, sum(step.options["Q"] < 30 for step in distinct[:-1]), 300)
    if format == "jxl":
        steps = [_quality(q, _JXL) for q in range(1, top + 1) if q not in _JXL_SMALLER or q == top]
        return Ladder(steps, sum(step.options["Q"] < 40 for step in steps[:-1]), 60)
    if format == "jp2":
        return Ladder([_quality(q, _JP2) for q in range(1, top + 1)], min(40, top) - 1, 220)
    return _palettes(format)


def _palettes(format: str) -> Ladder:
    if format == "gif":
        depths = [Step({"bitdepth": bits}, curve, {"colours": 2**bits}) for bits, curve in _COLOURS.items()]
        return Ladder(depths, 4, 800)
    said = {"lossless": False}
    steps = [
        Step(PALETTE | {"Q": 100, "bitdepth": bits}, _COLOURS[bits], said | {"colours": 2**bits}) for bits in (1, 2, 4)
    ]
    steps += [
        Step(PALETTE | {"Q": quality}, curve, said | {"colours": 256, "quality": quality})
        for quality, curve in _PALETTE_QUALITY.items()
    ]
    return Ladder([*steps, Step({}, _EVERY_COLOUR, {"lossless": True})], 2, 100)


def _quality(quality: int, curve: dict[int, float], **options: Any) -> Step:
    return Step({"Q": quality, **options}, _interpolated(curve, quality), {"quality": quality})


def _interpolated(curve: dict[int, float], at: int) -> float:
    known = list(curve)
    upper = min(max(bisect_left(known, at), 1), len(known) - 1)
    left, right = known[upper - 1], known[upper]
    return curve[left] + (curve[right] - curve[left]) * (at - left) / (right - left)

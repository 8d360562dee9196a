"""By how much the lines of a page lean."""

from __future__ import annotations

import pyvips

MOST_DEGREES = 15
_SIDE = 700
"""The longer side of the picture that is measured, pixels: lines of text are still apart."""
_COARSE, _FINE = 1.0, 0.25


def skew(image: pyvips.Image) -> float:
    """Return the degrees by which the lines of a page fall to the right, between -15 and 15.

    The page is turned step by step; where its lines lie level, the darkness of rows differs most from
    row to row (Postl's projection profiles, US patent 4,723,297, expired).

    Args:
        image: one band, dark on light or light on dark.
    """
    small = image.thumbnail_image(_SIDE, height=_SIDE, size="down")
    # What differs from its surroundings: shadows and dark margins would outweigh the text.
    ink = (small.gaussblur(8).cast("float") - small).abs().copy_memory()
    steps = int(MOST_DEGREES / _COARSE)
    coarse = max((step * _COARSE for step in range(-steps, steps + 1)), key=lambda angle: _levelness(ink, angle))
    around = int(_COARSE / _FINE)
    return max((coarse + step * _FINE for step in range(-around, around + 1)), key=lambda angle: _levelness(ink, angle))


def level(image: pyvips.Image, degrees: float) -> pyvips.Image:
    """Return a page turned so that lines which fell by so many degrees lie level; its corners turn white."""
    turned = image.rotate(-degrees, background=255, interpolate=pyvips.Interpolate.new("bicubic"))
    return turned.cast("uchar").copy_memory()


def _levelness(ink: pyvips.Image, degrees: float) -> float:
    turned = ink.rotate(-degrees, background=0)
    # The same window for every angle: a page grows as it is turned.
    width, height = (round(side * 0.7) for side in (ink.width, ink.height))
    window = turned.crop((turned.width - width) // 2, (turned.height - height) // 2, width, height)
    _, rows = window.project()
    steps = rows.crop(0, 1, 1, height - 1) - rows.crop(0, 0, 1, height - 1)
    return float((steps * steps).avg())

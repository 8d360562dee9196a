"""The palette of a picture: its dominant colours."""

from __future__ import annotations

from collections import Counter

import pyvips
from PIL import Image

from filemill.kinds import Json

_VISIBLE = 128
"""Pixels with less alpha have no say."""


def dominant_colours(image: pyvips.Image, count: int) -> list[Json]:
    """Return the colours that stand for the most of a small picture, the most frequent first.

    Median cut gives the first guess, k-means betters it (both Pillow's), so the same picture always
    has the same colours.

    Args:
        image: four bands; a thumbnail.
        count: at most so many colours.

    Returns:
        `colour` as `#rrggbb` and its `share` of the visible pixels, 0 to 1. Empty where none is visible.
    """
    rgba = bytes(image.write_to_memory())
    pixels = b"".join(rgba[place : place + 3] for place in range(0, len(rgba), 4) if rgba[place + 3] >= _VISIBLE)
    if not pixels:
        return []
    row = Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)
    reduced = row.quantize(count, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    colours = reduced.convert("RGB").tobytes()
    shares = Counter(colours[place : place + 3] for place in range(0, len(pixels), 3))
    ranked = sorted(shares.items(), key=lambda entry: (-entry[1], entry[0]))
    return [{"colour": f"#{rgb.hex()}", "share": round(number * 3 / len(pixels), 4)} for rgb, number in ranked]

"""The palette of a picture: its dominant colours."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import pyvips
from PIL import Image

from filemill.kinds import Json

_VISIBLE = 128
"""Pixels with less alpha have no say."""
_CANDIDATES = 64
"""Colours the thumbnail is reduced to before those that look alike are joined."""
_ALIKE = 32.0
"""Colours nearer to each other than this, as Euclidean distance of 8-bit sRGB, count as one."""


@dataclass
class _Group:
    """Colours that look alike, with the sum of their pixels' values."""

    pixels: int
    sums: tuple[int, int, int]

    @property
    def mean(self) -> tuple[float, float, float]:
        red, green, blue = self.sums
        return red / self.pixels, green / self.pixels, blue / self.pixels


def dominant_colours(image: pyvips.Image, count: int) -> list[Json]:
    """Return the colours that stand for the most of a small picture, the most frequent first.

    Pillow's median cut gives candidates; each, from the most frequent on, joins the first group it looks
    like. The same picture always has the same colours.

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
    groups = sorted(_groups(_candidates(pixels)), key=lambda group: -group.pixels)
    return [
        {"colour": f"#{bytes(map(round, group.mean)).hex()}", "share": round(group.pixels * 3 / len(pixels), 4)}
        for group in groups[:count]
    ]


def _candidates(pixels: bytes) -> list[tuple[bytes, int]]:
    """Reduce pixels to few colours; give each with its number of pixels, the most frequent first."""
    row = Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)
    reduced = row.quantize(_CANDIDATES, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = reduced.convert("RGB").tobytes()
    numbers = Counter(colours[place : place + 3] for place in range(0, len(colours), 3))
    return sorted(numbers.items(), key=lambda entry: (-entry[1], entry[0]))


def _groups(candidates: list[tuple[bytes, int]]) -> list[_Group]:
    groups: list[_Group] = []
    for (red, green, blue), number in candidates:
        sums = red * number, green * number, blue * number
        near = next((group for group in groups if math.dist(group.mean, (red, green, blue)) < _ALIKE), None)
        if near is None:
            groups.append(_Group(number, sums))
        else:
            one, two, three = near.sums
            near.pixels, near.sums = near.pixels + number, (one + sums[0], two + sums[1], three + sums[2])
    return groups

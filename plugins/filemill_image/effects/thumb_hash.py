"""ThumbHash: a picture's colours, shape and alpha in about 25 bytes, to be shown while it loads.

Algorithm and layout of the bytes: Evan Wallace, https://evanw.github.io/thumbhash/. Written here
because no package of it both takes transparency and installs without a compiler on every platform.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LARGEST = 100
"""Longest side of a picture that is hashed, pixels."""


class _Waves(NamedTuple):
    """A channel as a sum of cosines: its mean, the waves' heights brought to 0…1, and their largest."""

    mean: float
    heights: list[float]
    scale: float


def thumb_hash(width: int, height: int, rgba: bytes) -> bytes:
    """Hash a small picture.

    Args:
        width: pixels, at most `LARGEST`.
        height: pixels, at most `LARGEST`.
        rgba: four bytes a pixel, row by row, colours not premultiplied.
    """
    light, yellow, red, alpha = _channels(rgba)
    transparent = min(rgba[3::4]) < 255
    finest = 5 if transparent else 7
    longest = max(width, height)
    across, down = (max(1, _rounded(finest * side / longest)) for side in (width, height))
    lights = _waves(light, width, height, max(3, across), max(3, down))
    yellows, reds = (_waves(channel, width, height, 3, 3) for channel in (yellow, red))
    landscape = width > height
    head = (
        _rounded(63 * lights.mean)
        | _rounded(31.5 + 31.5 * yellows.mean) << 6
        | _rounded(31.5 + 31.5 * reds.mean) << 12
        | _rounded(31 * lights.scale) << 18
        | transparent << 23
    )
    shape = (
        (down if landscape else across)
        | _rounded(63 * yellows.scale) << 3
        | _rounded(63 * reds.scale) << 9
        | landscape << 15
    )
    hashed = head.to_bytes(3, "little") + shape.to_bytes(2, "little")
    heights = lights.heights + yellows.heights + reds.heights
    if transparent:
        alphas = _waves(alpha, width, height, 5, 5)
        hashed += bytes([_rounded(15 * alphas.mean) | _rounded(15 * alphas.scale) << 4])
        heights += alphas.heights
    nibbles = [_rounded(15 * value) for value in heights]
    nibbles += [0] * (len(nibbles) % 2)
    return hashed + bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def _channels(rgba: bytes) -> tuple[list[float], list[float], list[float], list[float]]:
    """Return lightness, yellow against blue, red against green, and alpha of every pixel, 0…1.

    What shines through transparency is the mean of the visible colours.
    """
    alpha = [value / 255 for value in rgba[3::4]]
    whole = sum(alpha)
    light, yellow, red = [], [], []
    means = [
        sum(value * share for value, share in zip(rgba[band::4], alpha, strict=True)) / (255 * whole) if whole else 0.0
        for band in range(3)
    ]
    for *values, share in zip(rgba[0::4], rgba[1::4], rgba[2::4], alpha, strict=True):
        r, g, b = (mean * (1 - share) + value * share / 255 for mean, value in zip(means, values, strict=True))
        light.append((r + g + b) / 3)
        yellow.append((r + g) / 2 - b)
        red.append(r - g)
    return light, yellow, red, alpha


def _waves(channel: list[float], width: int, height: int, across: int, down: int) -> _Waves:
    """Transform a channel into cosines, the finest of both directions together left out."""
    rows = [channel[start : start + width] for start in range(0, len(channel), width)]
    columns = [
        [sum(value * wave for value, wave in zip(row, _cosines(order, width), strict=True)) for row in rows]
        for order in range(across)
    ]
    found = [
        sum(value * wave for value, wave in zip(columns[x], _cosines(y, height), strict=True)) / (width * height)
        for y in range(down)
        for x in range(across)
        if x * down < across * (down - y)
    ]
    scale = max(map(abs, found[1:]), default=0.0)
    heights = [0.5 + 0.5 * value / scale if scale else value for value in found[1:]]
    return _Waves(found[0], heights, scale)


def _cosines(order: int, length: int) -> list[float]:
    return [math.cos(math.pi / length * order * (place + 0.5)) for place in range(length)]


def _rounded(value: float) -> int:
    """Round halves up, as the reference does; Python rounds them to even."""
    return math.floor(value + 0.5)

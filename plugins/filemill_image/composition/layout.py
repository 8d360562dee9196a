"""Layouts: the places of many pictures in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from filemill_image.geometry.sizes import Size


class Cell(NamedTuple):
    """A place, pixels."""

    left: int
    top: int
    size: Size


def cells(ratios: Sequence[float], canvas: Size, margin: int, *, even: bool) -> list[Cell] | None:
    """Lay pictures in rows, in their order, so that as little as possible of each is lost.

    Args:
        ratios: width by height of each picture.
        canvas: the size to fill.
        margin: pixels around and between the cells.
        even: all rows are of one height and the cells of a row of one width; else as the ratios are.

    Returns:
        A cell for each, or None where the margins leave no room for them.
    """
    if even:
        ratios = [math.exp(sum(map(math.log, ratios)) / len(ratios))] * len(ratios)
    rows = min(_partitions(ratios), key=lambda rows: _misfit(rows, canvas, margin))
    heights = [1.0] * len(rows) if even else [1 / sum(row) for row in rows]
    found: list[Cell] = []
    for (top, bottom), row in zip(_spans(heights, canvas.height, margin), rows, strict=True):
        for left, right in _spans(row, canvas.width, margin):
            found.append(Cell(left, top, Size(right - left, bottom - top)))
    return found if all(min(cell.size) >= 1 for cell in found) else None


def _partitions(ratios: Sequence[float]) -> list[list[list[float]]]:
    """Return the pictures in 1 row, 2 rows, and so on, the rows of one number about equally wide."""
    whole = sum(ratios)
    middles = [end - ratio / 2 for end, ratio in zip(accumulate(ratios), ratios, strict=True)]
    found = []
    for count in range(1, len(ratios) + 1):
        rows: list[list[float]] = [[] for _ in range(count)]
        for middle, ratio in zip(middles, ratios, strict=True):
            rows[min(count - 1, int(middle / whole * count))].append(ratio)
        found.append([row for row in rows if row])
    return found


def _misfit(rows: list[list[float]], canvas: Size, margin: int) -> float:
    """Return how far rows that are as wide as the canvas are from being as high as it."""
    high = sum(max(1, canvas.width - margin * (len(row) + 1)) / sum(row) for row in rows)
    return abs(math.log(high / max(1, canvas.height - margin * (len(rows) + 1))))


def _spans(shares: Sequence[float], length: int, margin: int) -> list[tuple[int, int]]:
    """Divide a length by shares, with margins at both ends and between the parts."""
    free, whole = length - margin * (len(shares) + 1), sum(shares)
    ends = [round(free * end / whole) for end in accumulate(shares, initial=0.0)]
    return [(margin * number + start, margin * number + end) for number, (start, end) in enumerate(pairwise(ends), 1)]

"""The search along a ladder for the largest encode that fits a number of bytes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from filemill_image.formats.ladders import Ladder

CLOSE = 0.965
"""A result that uses this part of the bytes is good enough to stop."""
GOOD = 0.93
"""A result that uses this part is good enough where the next step promises to be over."""
_PATIENCE = 3
"""Encodes after which the search goes on by halves."""
_AIM = 0.985
"""The part of the bytes that is aimed at: what a prediction misses by, once it rests on the picture itself."""


@dataclass
class Search:
    """A search along a ladder at one scale: sizes of encodes by the index of their step."""

    ladder: Ladder
    target: int
    pixels: int
    encode: Callable[[dict[str, Any]], bytes]
    sizes: dict[int, float] = field(default_factory=dict)
    estimated: dict[int, float] = field(default_factory=dict)
    best: tuple[int, bytes] | None = None
    encodes: int = 0

    def try_step(self, index: int) -> int:
        """Encode at a step and remember the size."""
        data = self.encode(self.ladder.steps[index].options)
        self.encodes += 1
        size = len(data)
        self.sizes[index] = size
        if size <= self.target and (self.best is None or size > len(self.best[1])):
            self.best = (index, data)
        return size

    def predicted(self, index: int) -> float:
        """Return the size to expect at a step: by the line through its two neighbours, or the nearest two."""
        points = sorted(self._points())
        at = self.ladder.steps[index].curve
        if not points:
            return math.exp(at) * self.pixels / 8 + self.ladder.overhead
        upper = min(max(bisect_left(points, (at, 0.0)), 1), len(points) - 1)
        if upper < 1:
            return math.exp(points[0][1] + at - points[0][0])
        (left, below), (right, above) = points[upper - 1], points[upper]
        slope = (above - below) / (right - left) if right - left > 0.02 else 1.0
        near, size = (right, above) if abs(right - at) < abs(left - at) else (left, below)
        if not left <= at <= right:  # beyond what is known, a steep line would lead far off
            slope = min(max(slope, 0.3), 2.5)
        return math.exp(size + slope * (at - near))

    def _points(self) -> list[tuple[float, float]]:
        """Places on the curve with the logarithm of the size; estimates are corrected by what was measured."""
        steps = self.ladder.steps
        points = {index: math.log(size) for index, size in self.sizes.items()}
        if len(points) < 2 and self.estimated:
            shift = 0.0
            if points:
                ((index, measured),) = points.items()
                shift = measured - self._estimate(index)
            points |= {i: math.log(size) + shift for i, size in self.estimated.items() if i not in points}
        return [(steps[index].curve, size) for index, size in points.items()]

    def _estimate(self, index: int) -> float:
        """Return the logarithm of the size that the sample alone promises at a step."""
        alone = Search(self.ladder, self.target, self.pixels, self.encode, sizes=dict(self.estimated))
        return math.log(alone.predicted(index))

    def aim(self, low: int, high: int, goal: float) -> int:
        """Return the highest step from `low` to `high` that promises to fit a size, else `low`."""
        while low < high:
            middle = (low + high + 1) // 2
            if self.predicted(middle) <= goal:
                low = middle
            else:
                high = middle - 1
        return low

    def aimed(self, floor: int) -> int:
        """Return the step, from `floor` up, to try next."""
        return self.aim(floor, len(self.ladder.steps) - 1, self.target * _AIM)

    def run(self, floor: int, budget: int) -> None:
        """Find the best step from `floor` up; `best` stays None where even that does not fit."""
        low, high = floor, len(self.ladder.steps) - 1
        goal = self.target * _AIM
        for attempt in range(budget):
            if low > high:
                return
            index = self.aim(low, high, goal)
            if attempt >= _PATIENCE and low > floor:  # this picture's curve is no line: go on by halves
                index = (low + high) // 2
            if self.try_step(index) <= self.target:
                low = index + 1
            else:
                high = index - 1
                goal *= _AIM
            used = len(self.best[1]) / self.target if self.best else 0.0
            if used >= CLOSE or (used >= GOOD and low <= high and self.predicted(low) > self.target):
                return

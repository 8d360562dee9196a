"""The search along a ladder for the largest encode that fits a number of bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from filemill_image.formats.ladders import Ladder

CLOSE = 0.965
"""A result that uses this part of the bytes is good enough to stop."""
_AIM = 0.985
"""The part of the bytes that is aimed at: what a prediction misses by, once it rests on the picture itself."""


@dataclass
class Search:
    """A search along a ladder at one scale: sizes of encodes by the index of their step."""

    ladder: Ladder
    target: int
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
        """Return the size to expect at a step, by the line through the nearest two sizes."""
        points = self._points()
        at = self.ladder.steps[index].curve
        if not points:
            return math.exp(at)
        near = sorted(points, key=lambda point: abs(point[0] - at))[:2]
        slope = 1.0
        if len(near) == 2 and abs(near[1][0] - near[0][0]) > 0.02:
            slope = min(max((near[1][1] - near[0][1]) / (near[1][0] - near[0][0]), 0.3), 2.5)
        return math.exp(near[0][1] + slope * (at - near[0][0]))

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
        alone = Search(self.ladder, self.target, self.encode, sizes=dict(self.estimated))
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
        while low <= high and budget > 0:
            index = self.aim(low, high, self.target * _AIM)
            size = self.try_step(index)
            budget -= 1
            if size <= self.target:
                low = index + 1
            else:
                high = index - 1
            if self.best and len(self.best[1]) >= CLOSE * self.target:
                return
            if self.best and len(self.sizes) >= 2 and low <= high and self.predicted(low) > self.target * 1.04:
                return

"""Gravity: the part of a picture that is kept, or the place where something is put."""

from __future__ import annotations

from filemill.choices import Choice


class Position(Choice):
    """Nine points: the middle, the edges and the corners."""

    CENTER = "center"
    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"
    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


class Gravity(Choice):
    """The nine points, and two searches: where the eye goes first, or where most detail is."""

    CENTER = "center"
    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"
    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    ATTENTION = "attention"
    ENTROPY = "entropy"

    @property
    def searches(self) -> bool:
        """Whether the pixels decide, not the point."""
        return self in (Gravity.ATTENTION, Gravity.ENTROPY)


def offset(point: Position | Gravity, free_width: int, free_height: int) -> tuple[int, int]:
    """Return left and top, in pixels, of a box that has this much room to move in its frame.

    A search counts as the middle here: it is for the caller to look at the pixels.
    """
    parts = point.value.split("-")
    left = 0 if "left" in parts else free_width if "right" in parts else free_width // 2
    top = 0 if "top" in parts else free_height if "bottom" in parts else free_height // 2
    return left, top

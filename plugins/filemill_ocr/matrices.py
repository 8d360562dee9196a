"""Matrices of PDF: how what is drawn around its own middle comes to lie on a page."""

from __future__ import annotations

import math

import pikepdf


def centred(width: float, height: float, degrees: float, page: pikepdf.Page) -> str:
    """Return the operands of `cm` that lay a rectangle in the middle of a page, turned counter-clockwise.

    Args:
        width: of what is laid, points.
        height: of what is laid, points.
        degrees: by which it is turned.
        page: whose crop box is meant: what is shown of it.
    """
    left, bottom, right, top = (float(side) for side in page.cropbox)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x = (left + right) / 2 - (width * cos - height * sin) / 2
    y = (bottom + top) / 2 - (width * sin + height * cos) / 2
    return " ".join(number(value) for value in (cos, sin, -sin, cos, x, y))


def number(value: float) -> str:
    """Write a number as PDF has it, without exponent."""
    text = f"{value:.5f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def page_rotation(page: pikepdf.Page) -> int:
    """Return by how many degrees clockwise a page is turned before it is shown."""
    node: pikepdf.Object = page.obj
    for _ in range(64):  # a page tree is no deeper, unless it is a circle
        if "/Rotate" in node:
            return round(float(node.Rotate)) % 360
        if "/Parent" not in node:
            break
        node = node.Parent
    return 0

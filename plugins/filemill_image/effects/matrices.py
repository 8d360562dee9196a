"""Colour matrices of CSS filters: rows give red, green and blue as weights of red, green and blue.

Source: W3C Filter Effects Module Level 1, "Filter Primitive feColorMatrix" and "Shorthand filter
functions": https://www.w3.org/TR/filter-effects-1/. They work on sRGB values as they are stored.
"""

from __future__ import annotations

import math
from typing import TypeAlias

Matrix: TypeAlias = tuple[tuple[float, ...], ...]

LUMA = (0.213, 0.715, 0.072)
"""Shares of red, green and blue in brightness, as the module rounds them."""
_IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_SEPIA: Matrix = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
_QUARTER_TURN: Matrix = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))
"""What the sine of the angle is multiplied by in `feColorMatrix type="hueRotate"`."""


def saturation(factor: float) -> Matrix:
    """Return the matrix that brings colours to `factor` of their distance from grey: 0 is grey, 1 changes nothing."""
    return _between((LUMA, LUMA, LUMA), _IDENTITY, factor)


def hue(degrees: float) -> Matrix:
    """Return the matrix that turns colours around the grey axis."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple(
        tuple(
            LUMA[column] + cosine * (_IDENTITY[row][column] - LUMA[column]) + sine * _QUARTER_TURN[row][column]
            for column in range(3)
        )
        for row in range(3)
    )


def sepia(amount: float) -> Matrix:
    """Return the matrix of a sepia tone: 0 changes nothing, 1 is all brown."""
    return _between(_IDENTITY, _SEPIA, amount)


def product(first: Matrix, then: Matrix) -> Matrix:
    """Return the matrix that does `first` and `then`."""
    return tuple(
        tuple(sum(then[row][inner] * first[inner][column] for inner in range(3)) for column in range(3))
        for row in range(3)
    )


def _between(start: Matrix, end: Matrix, share: float) -> Matrix:
    return tuple(
        tuple(one + (other - one) * share for one, other in zip(*rows, strict=True))
        for rows in zip(start, end, strict=True)
    )

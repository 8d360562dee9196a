"""Colours of parameters: CSS names and hex digits."""

from __future__ import annotations

from typing import NamedTuple

from PIL.ImageColor import colormap, getrgb

from filemill.errors import FilemillError, invalid
from filemill.faults import unknown

_DIGITS = frozenset("0123456789abcdef")


class Colour(NamedTuple):
    """An sRGB colour; every part is 0 to 255, alpha 255 is opaque."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    @property
    def rgb(self) -> list[int]:
        """Red, green and blue, as libvips takes them."""
        return [self.red, self.green, self.blue]

    @property
    def opaque(self) -> bool:
        """Whether nothing shows through."""
        return self.alpha == 255


TRANSPARENT = Colour(0, 0, 0, 0)
BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


def parse(text: str, pointer: str = "/background") -> Colour:
    """Read a colour: a CSS name, `transparent`, or hex `RGB`, `RGBA`, `RRGGBB`, `RRGGBBAA`.

    Case does not matter and `#` may be left out.

    Args:
        text: the colour as the caller wrote it.
        pointer: JSON pointer of the parameter, for the error.

    Raises:
        FilemillError: `INVALID_PARAMETER`, naming the nearest colour where a name is unknown.
    """
    name = text.lower()
    if name == "transparent":
        return TRANSPARENT
    if name in colormap:
        return Colour(*getrgb(name))
    digits = name.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8) or not _DIGITS.issuperset(digits):
        raise _unreadable(text, pointer)
    return Colour(*bytes.fromhex(digits))


def _unreadable(text: str, pointer: str) -> FilemillError:
    if text.isalpha():
        return invalid(pointer, unknown(text, [*colormap, "transparent"], "colour"))
    return invalid(pointer, f"{text!r} is no colour. Give a CSS name such as 'teal', or hex such as '#008080'.")

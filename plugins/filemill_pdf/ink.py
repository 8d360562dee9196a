"""Colours of parameters."""

from __future__ import annotations

from PIL.ImageColor import colormap, getrgb

from filemill.errors import invalid
from filemill.faults import unknown


def ink(text: str, pointer: str) -> tuple[int, int, int]:
    """Read a colour, a CSS name or hex digits with or without `#`: red, green, blue. Alpha is left out.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    name = text.lower().removeprefix("#")
    try:
        return getrgb(name if name in colormap else f"#{name}")[:3]
    except ValueError:
        if text.isalpha():
            raise invalid(pointer, unknown(text, colormap, "colour")) from None
        raise invalid(pointer, f"{text!r} is no colour. Give a CSS name such as 'teal', or hex.") from None

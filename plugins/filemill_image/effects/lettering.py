"""Lettering: text as a mask of pixels, drawn by Pango with the fonts of the machine."""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape

import pyvips

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_image.geometry.sizes import Size

_TRIAL = 64.0
"""Font size at which a text is measured, pixels."""
_DPI = 72
"""At this density a point is a pixel, so that font sizes are pixels."""


def measured(text: str, font: str) -> Size:
    """Return the size of a text's ink for a font size of 1000 pixels.

    Raises:
        FilemillError: `OPERATION_UNAVAILABLE` where no font is installed, `INVALID_PARAMETER` for a text
            without ink.
    """
    trial = _drawn(text, font, _TRIAL)
    return Size(trial.width, trial.height).times(1000 / _TRIAL)


def lettered(text: str, font: str, pixels: float) -> pyvips.Image:
    """Draw a text and cut it to its ink: one band, 255 where there is ink.

    Args:
        text: any Unicode; lines are centred below each other. Markup in it is text as well.
        font: a font family as fontconfig knows it, with style words such as `bold`.
        pixels: font size.

    Raises:
        FilemillError: as `measured`.
    """
    return _drawn(text, font, pixels)


def _drawn(text: str, font: str, pixels: float) -> pyvips.Image:
    if not _any_font():
        raise FilemillError(
            ErrorCode.OPERATION_UNAVAILABLE,
            "No font is installed on the server, so text can't be drawn."
            " Install one, such as the package fonts-dejavu-core.",
        )
    try:
        return _mask(escape(text), font, pixels)
    except pyvips.Error as error:
        raise invalid("/text", f"{text!r} draws nothing: it needs a character that can be seen.") from error


def _mask(markup: str, font: str, pixels: float) -> pyvips.Image:
    return pyvips.Image.text(markup, font=f"{font} {pixels:.2f}", dpi=_DPI, align="centre")


@cache
def _any_font() -> bool:
    """Whether Pango finds a font: where it has none it draws every character as the same empty box."""
    narrow, wide = (_mask(letter, "sans", _TRIAL) for letter in "iW")
    return (narrow.width, narrow.height) != (wide.width, wide.height) or bool((narrow != wide).max())

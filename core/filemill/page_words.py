"""The words of a page's text layer and where they stand."""

from __future__ import annotations

import ctypes

import pypdfium2
import pypdfium2.raw as pdfium
from msgspec import Struct

_REPLACED = {0x00: "\ufffd", 0x02: "-", 0xFFFE: "-"}
"""What PDFium gives for a character without Unicode, and for a hyphen at the end of a line."""


class Word(Struct, frozen=True):
    """A word and its box: points from the top left corner of the page as it is shown."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class _Boxes:
    """Gathers the characters of words."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._bounds = page.get_bbox()
        self._rotation = page.get_rotation()
        self._letters: list[str] = []
        self._box: tuple[float, float, float, float] | None = None
        self.words: list[Word] = []

    def add(self, letter: str, left: float, bottom: float, right: float, top: float) -> None:
        """Add a character with its box in the page's own coordinates."""
        self._letters.append(letter)
        old = self._box or (left, bottom, right, top)
        self._box = min(old[0], left), min(old[1], bottom), max(old[2], right), max(old[3], top)

    def end(self) -> None:
        """End a word, where one has begun."""
        if self._letters and self._box is not None:
            # A character beyond the first plane comes as two surrogates.
            text = "".join(self._letters).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            self.words.append(Word(text, *self._shown(*self._box)))
        self._letters, self._box = [], None

    def _shown(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """Turn a box of the page's own coordinates into one of the page as it is shown."""
        x0, y0, x1, y1 = self._bounds
        match self._rotation:
            case 90:
                return bottom - y0, left - x0, top - y0, right - x0
            case 180:
                return x1 - right, bottom - y0, x1 - left, top - y0
            case 270:
                return y1 - top, x1 - right, y1 - bottom, x1 - left
        return left - x0, y1 - top, right - x0, y1 - bottom


def words_of(text: pypdfium2.PdfTextPage, page: pypdfium2.PdfPage) -> list[Word]:
    """Return the words of a page, in the order of its text."""
    boxes = _Boxes(page)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, index)
        letter = _REPLACED.get(code) or chr(code)
        if letter.isspace():
            boxes.end()
        elif pdfium.FPDFText_GetCharBox(text, index, left, right, bottom, top):
            boxes.add(letter, left.value, bottom.value, right.value, top.value)
    boxes.end()
    return boxes.words

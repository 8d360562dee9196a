"""What was read from one page."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import median

from msgspec import Struct

from filemill.kinds import Facts

_WORD = "5"
"""The level of a word's row in Tesseract's table; the rows above it are layout."""

_FEWEST_WORDS = 3
"""Of a line that tells how it leans."""

_NO_SPACES = re.compile("[\u2e80-\u30ff\u31c0-\u31ff\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff65]")
"""Chinese and Japanese signs, between which no space is written."""


class Word(Struct, frozen=True):
    """A word: its box in pixels from the top left corner of the page as it was read."""

    text: str
    confidence: float
    left: int
    top: int
    width: int
    height: int

    @property
    def facts(self) -> Facts:
        """The word as it is told."""
        box = {"left": self.left, "top": self.top, "width": self.width, "height": self.height}
        return {"text": self.text, "confidence": round(self.confidence, 2), **box}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A page that was read.

    Attributes:
        number: of the page, from 1.
        text: lines end in newlines, an empty line parts paragraphs; no newline at the end.
        confidence: mean of the words' confidences, each weighted by its letters, 0 to 1; None: no words.
        language: by the caller's code; None where it is not known.
        source: `layer` or `ocr`.
        width, height: of the page as it was read, upright, pixels.
        dpi: pixels per inch.
        rotation: degrees clockwise by which the page was turned to be upright: 0, 90, 180, 270.
        skew: degrees clockwise by which its lines leant and were put level; 0 up to 1.5 degrees.
        words: in reading order.
        rows: Tesseract's table without its head.
        hocr: Tesseract's hOCR, where it was asked for.
        layer: a PDF of the text alone, invisible, where it was asked for.
        error: why the page could not be read.
    """

    number: int
    text: str = ""
    confidence: float | None = None
    language: str | None = None
    source: str = "ocr"
    width: int = 0
    height: int = 0
    dpi: int = 0
    rotation: int = 0
    skew: float = 0.0
    words: Sequence[Word] = ()
    rows: Sequence[Sequence[str]] = ()
    hocr: str = ""
    layer: Path | None = None
    error: Facts | None = field(default=None)

    def facts(self, *, words: bool) -> Facts:
        """Return what is told of the page; `words`: with every word and its box."""
        told: Facts = {
            "number": self.number,
            "text": self.text,
            "confidence": None if self.confidence is None else round(self.confidence, 2),
            "language": self.language,
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "dpi": self.dpi,
            "rotation": self.rotation,
            "skew": self.skew,
        }
        if words:
            told["words"] = [word.facts for word in self.words]
        if self.error is not None:
            told["error"] = self.error
        return told


def read_table(table: str) -> list[list[str]]:
    """Return the rows of Tesseract's table without its head; a quote in a text is nothing but a quote."""
    return [row for row in csv.reader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) == 12][1:]


def words_of(rows: Iterable[Sequence[str]]) -> list[Word]:
    """Return the words of a table."""
    return [
        Word(row[11], float(row[10]) / 100, int(row[6]), int(row[7]), int(row[8]), int(row[9]))
        for row in rows
        if _is_word(row)
    ]


def text_of(rows: Iterable[Sequence[str]]) -> str:
    """Return the text of a table: words with a space between, lines, an empty line before a new paragraph.

    Tesseract's words of Chinese and Japanese are parts of sentences: they follow each other without a space.
    """
    parts: list[str] = []
    paragraph: list[str] = []
    line: list[str] = []
    for row in rows:
        if not _is_word(row):
            continue
        if line and row[2:5] != line:
            parts.append("\n" if row[2:4] == paragraph else "\n\n")
        elif line and not (_NO_SPACES.match(parts[-1][-1]) and _NO_SPACES.match(row[11])):
            parts.append(" ")
        paragraph, line = list(row[2:4]), list(row[2:5])
        parts.append(row[11])
    return "".join(parts)


def lean_of(rows: Iterable[Sequence[str]]) -> float:
    """Return by how many degrees lines fall to the right, as their words were found; 0 where none is long enough."""
    leans = []
    for _, found in groupby((row for row in rows if _is_word(row)), key=lambda row: row[2:5]):
        words = words_of(found)
        first, last = words[0], words[-1]
        if len(words) >= _FEWEST_WORDS and last.left > first.left:
            fall = last.top + last.height - first.top - first.height
            leans.append(math.degrees(math.atan2(fall, last.left - first.left)))
    return median(leans) if leans else 0.0


def confidence_of(words: Iterable[Word]) -> float | None:
    """Return the mean confidence of words, each weighted by its letters; None without words."""
    return weighted((word.confidence, len(word.text)) for word in words)


def weighted(values: Iterable[tuple[float, int]]) -> float | None:
    """Return the mean of values by their weights; None where nothing weighs anything."""
    total, weights = 0.0, 0
    for value, weight in values:
        total += value * weight
        weights += weight
    return total / weights if weights else None


def commonest(values: Iterable[tuple[str, int]]) -> str | None:
    """Return the name that weighs most, the first of equals."""
    counted: Counter[str] = Counter()
    for name, weight in values:
        counted[name] += weight
    return counted.most_common(1)[0][0] if counted else None


def _is_word(row: Sequence[str]) -> bool:
    return row[0] == _WORD and float(row[10]) >= 0 and bool(row[11].strip())

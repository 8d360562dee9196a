"""Reading one sheet: once where it lies right, again where little was understood and a reason is found."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from filemill_ocr import program
from filemill_ocr.languages import code_of, joined, of_script
from filemill_ocr.program import PageTimeout, Unreadable
from filemill_ocr.reading import Reading, commonest, confidence_of, lean_of, read_table, text_of, words_of
from filemill_ocr.sheets import Sheet, portable_grey_map
from filemill_ocr.skew import level, skew

_MOST_SKEW = 1.5
"""Degrees up to which Tesseract reads leaning lines as well as level ones; from 2.5 on it leaves out most of a
page, and is sure of the rest."""

_MAY_LEAN = 1.2
"""Degrees by which lines lean as Tesseract found them, above which the page is measured: they are 0.3 off."""

_LEANS_BELOW, _TURNED_BELOW = 0.92, 0.65
"""Confidences below which a page may lean or lie on its side (0.35)."""

_AS_SURE = 0.03
"""Difference of confidences that means nothing."""

_BLANK = 2.0
"""Standard deviation of an empty page's greys; a single word on A4 has 2.9."""

_LONG = 3
"""Letters above which a word is wider than high."""

_TAG = re.compile(r"<(?:p|span) class='(ocr_par|ocrx_word)'([^>]*)>")
_LANGUAGE = re.compile(r"\blang='(\w+)'")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of every page.

    Attributes:
        languages: Tesseract's names; none: to be found out.
        folder: where files of the work stand.
        seconds: that one page may take.
        hocr: whether hOCR is wanted.
        layer: whether a PDF of the invisible text is wanted.
    """

    languages: tuple[str, ...]
    folder: Path
    seconds: float
    hocr: bool = False
    layer: bool = False


@dataclass(frozen=True, slots=True)
class _Lie:
    """How a sheet was laid before it was read: put level, then turned clockwise."""

    rotation: int = 0
    skew: float = 0.0


class Recognition:
    """The work on one sheet, within its time.

    Args:
        number: of the page, from 1.
        sheet: what is read.
        wishes: what is wanted.
    """

    def __init__(self, number: int, sheet: Sheet, wishes: Wishes) -> None:
        self._number = number
        self._sheet = sheet
        self._wishes = wishes
        self._languages = list(wishes.languages)
        self._end = 0.0
        self._runs = 0

    def run(self) -> Reading:
        """Read the sheet; a page that can't be read gives a reading that says why."""
        self._end = time.monotonic() + self._wishes.seconds  # from now on: it may have waited for a processor
        try:
            return self._read()
        except PageTimeout:
            code, detail = "DEADLINE_EXCEEDED", f"The page took longer than {self._wishes.seconds:g} s to read."
        except Unreadable as error:
            code, detail = "INVALID_FILE", f"Tesseract can't read the page: {error}"
        image = self._sheet.image
        size = {"width": image.width, "height": image.height, "dpi": self._sheet.dpi}
        return Reading(number=self._number, **size, error={"code": code, "detail": detail})

    def _read(self) -> Reading:
        turn = None
        if not self._languages:
            turn = self._turn(_Lie())
            self._languages = of_script(turn.script if turn else None, program.installed())
        best, lie = self._recognised(_Lie()), _Lie()
        if not best.words and self._blank():
            return best
        if _sideways(best):
            return self._upright(best, lie, turn)
        if _sure(best) >= _LEANS_BELOW and abs(lean_of(best.rows)) < _MAY_LEAN:
            return best
        leaning = skew(self._sheet.image)
        if abs(leaning) > _MOST_SKEW:
            lie = _Lie(skew=leaning)
            levelled = self._recognised(lie)
            best = levelled if _sure(levelled) > _sure(best) - _AS_SURE else best
        return self._upright(best, lie, turn) if _sure(best) < _TURNED_BELOW else best

    def _upright(self, best: Reading, lie: _Lie, turn: program.Turn | None) -> Reading:
        """Read a page that may lie on its side or head the other way round; return the surest reading."""
        turn = turn or self._turn(lie)
        # Without a single word, a photograph more likely than a page, only a detected turn is tried.
        degrees = [turn.degrees] if turn else [180, 90, 270] if best.words else []
        others = [self._recognised(replace(lie, rotation=angle)) for angle in degrees if angle]
        surest = max([*others, best], key=_sure)
        # Of a page that was read as it lies on its side, the upright reading is wanted where it is as good.
        if _sideways(best) and others and _sure(others[0]) > _sure(best) - _AS_SURE:
            return others[0]
        return surest

    def _turn(self, lie: _Lie) -> program.Turn | None:
        picture = self._written(lie)
        try:
            return program.orientation(picture, picture.with_suffix(""), self._sheet.dpi, self._left())
        finally:
            picture.unlink()

    def _recognised(self, lie: _Lie) -> Reading:
        picture = self._written(lie)
        base = picture.with_suffix("")
        forms = {"tessedit_create_tsv": True}
        if self._wishes.hocr or len(self._languages) > 1:
            forms["tessedit_create_hocr"] = True
        if self._wishes.layer:
            forms |= {"tessedit_create_pdf": True, "textonly_pdf": True}
        try:
            program.recognise(picture, base, joined(self._languages), self._sheet.dpi, forms, self._left())
        finally:
            picture.unlink()
        rows = read_table(_taken(base, ".tsv"))
        hocr = _taken(base, ".hocr") if "tessedit_create_hocr" in forms else ""
        words = words_of(rows)
        return Reading(
            number=self._number,
            text=text_of(rows),
            confidence=confidence_of(words),
            language=code_of(_language(hocr) or self._languages[0]),
            width=int(rows[0][8]),  # the first row is the page itself
            height=int(rows[0][9]),
            dpi=self._sheet.dpi,
            rotation=lie.rotation,
            skew=lie.skew,
            words=words,
            rows=rows,
            hocr=hocr if self._wishes.hocr else "",
            layer=base.with_name(base.name + ".pdf") if self._wishes.layer else None,
        )

    def _written(self, lie: _Lie) -> Path:
        """Write the sheet as it is laid, to be read by Tesseract."""
        image = self._sheet.image
        if lie.skew:
            image = level(image, lie.skew)
        if lie.rotation:
            image = image.rot(f"d{lie.rotation}")
        self._runs += 1
        path = self._wishes.folder / f"sheet-{self._number}-{self._runs}.pgm"
        path.write_bytes(portable_grey_map(image))
        return path

    def _blank(self) -> bool:
        """Whether nothing stands on the page: its greys differ less than those of a page of one word."""
        return float(self._sheet.image.deviate()) < _BLANK

    def _left(self) -> float:
        """Return the seconds that are left for the page."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise PageTimeout
        return left


def _sure(reading: Reading) -> float:
    return reading.confidence or 0.0


def _sideways(reading: Reading) -> bool:
    """Whether most words stand upright like columns: Tesseract reads some pages that lie on their side as they lie."""
    long = [word for word in reading.words if len(word.text) > _LONG]
    return sum(word.height > word.width for word in long) * 2 > len(long) > 0


def _taken(base: Path, suffix: str) -> str:
    """Return a result of Tesseract's as text and remove its file."""
    path = base.with_name(base.name + suffix)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


def _language(hocr: str) -> str | None:
    """Return the language most words were read in: hOCR names that of a paragraph, and of a word in another."""
    current = ""
    found: list[tuple[str, int]] = []
    for kind, attributes in _TAG.findall(hocr):
        named = _LANGUAGE.search(attributes)
        if kind == "ocr_par":
            current = named[1] if named else current
        elif language := (named[1] if named else current):
            found.append((language, 1))
    return commonest(found)

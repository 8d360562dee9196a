"""Tesseract, the program: whether it is there, its languages, and one run of it over one picture."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

from filemill import Missing

_PROGRAM = "tesseract"
_LIST_SECONDS = 10
_HINT = "Install it: apt-get install tesseract-ocr (it brings English; others are tesseract-ocr-deu, …)."


class PageTimeout(Exception):  # noqa: N818 - it is a condition of one page, not the program's error
    """A page took longer than it may; the program was killed."""


class Unreadable(Exception):  # noqa: N818 - as above
    """The program refused a page; the message is its own."""


class Turn(Struct, frozen=True):
    """What Tesseract's detection of orientation and script found.

    Fields:
        degrees: by which the page has to be turned clockwise to be upright: 0, 90, 180, 270.
        script: such as `Latin`, `Cyrillic`, `Han`.
    """

    degrees: int
    script: str


@cache
def installed() -> tuple[str, ...]:
    """Return Tesseract's names for the languages on this machine; none where there is no Tesseract."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return ()
    command = [program, "--list-langs"]  # not by pytesseract: it loads NumPy, and this is asked in the web process
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_LIST_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(sorted(said.stdout.split("\n", 1)[-1].split()))


def missing() -> Missing | None:
    """Say what is missing for any OCR."""
    if shutil.which(_PROGRAM) is None:
        return Missing("The program Tesseract is not installed on the server.", _HINT)
    if not set(installed()) - {"osd", "equ"}:
        return Missing("Tesseract is installed without the data of any language.", _HINT)
    return None


def recognise(picture: Path, base: Path, language: str, dpi: int, forms: Mapping[str, bool], seconds: float) -> None:
    """Read one picture once and write everything that is wanted of it beside each other.

    Args:
        picture: a file that Leptonica opens.
        base: results are `base` with `.tsv`, `.hocr`, `.pdf` after it.
        language: names joined by `+`.
        dpi: of the picture. Always told: a tag in a file may lie, and without one Tesseract guesses.
        forms: Tesseract's switches, such as `tessedit_create_hocr`.
        seconds: after which the program is killed.

    Raises:
        PageTimeout: it took longer.
        Unreadable: Tesseract refused the picture.
    """
    switches = " ".join(f"-c {name}={int(on)}" for name, on in forms.items())
    _run(picture, base, language, f"--dpi {dpi} --psm 3 {switches}", seconds)


def orientation(picture: Path, base: Path, dpi: int, seconds: float) -> Turn | None:
    """Detect how a page has to be turned and its script; None where it has too little text to tell.

    Raises:
        PageTimeout: it took longer.
    """
    if "osd" not in installed():
        return None
    try:
        _run(picture, base, "osd", f"--dpi {dpi} --psm 0 -c min_characters_to_try=16", seconds)
    except Unreadable:
        return None
    found = base.with_name(base.name + ".osd")
    said = dict(line.split(": ", 1) for line in found.read_text(encoding="utf-8").splitlines() if ": " in line)
    found.unlink()
    return Turn(int(said.get("Rotate", "0")), said.get("Script", ""))


def _run(picture: Path, base: Path, language: str, settings: str, seconds: float) -> None:
    import pytesseract  # noqa: PLC0415 - loads NumPy: only where work is done

    # Tesseract's threads wait for each other by spinning: one page took 31 s of CPU with two, 6 s with one.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        pytesseract.pytesseract.run_tesseract(str(picture), str(base), "", language, settings, timeout=seconds)
    except pytesseract.TesseractError as error:
        raise Unreadable(error.message or f"exit code {error.status}") from None
    except RuntimeError:  # what pytesseract raises for a timeout; TesseractError is one as well
        raise PageTimeout from None

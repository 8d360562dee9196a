"""OCR of scans whose true text is known."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest
import pyvips
from rapidfuzz.distance import Levenshtein

from filemill import Document, Limits
from filemill.engine import run
from filemill.registry import load_registry
from filemill.task import Input, Task, encode_steps

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is absent: apt-get install tesseract-ocr"),
]
_FOLDED = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "—": "-", "–": "-"})


def folded(text: str) -> str:
    """Fold what is not a matter of reading: forms of quotes and dashes, line ends."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_FOLDED).split())


def error_rate(path: Path, truth: Path, folder: Path) -> float:
    """Read a scan as the server does; give the part of its true text that is wrong."""
    registry = load_registry()
    if "ocr" not in registry.operations:
        pytest.skip("the entry point 'ocr' of filemill_ocr is not installed")
    if path.suffix == ".pdf" and not any(form.kind is Document for form in registry.formats):
        pytest.skip("no installed plugin brings the format 'pdf'")
    task = Task(
        inputs=[Input(str(path), path.name)],
        pipelines=[encode_steps([{"op": "ocr"}])],
        folder=str(folder),
        limits=Limits(deadline_seconds=300),
    )
    facts = run(task, registry, lambda *_: None).made[0].outputs[0].facts
    wanted = folded(truth.read_text(encoding="utf-8"))
    return Levenshtein.distance(folded(str(facts["text"])), wanted) / len(wanted)


@pytest.mark.parametrize(("turn", "most"), [(0, 0.01), (90, 0.015), (180, 0.015), (270, 0.015)])
def test_phototest(corpus: Path, tmp_path: Path, turn: int, most: float) -> None:
    """At most 1 % of a page's letters are wrong, 1.5 % where it is turned."""
    path = tmp_path / "phototest.png"
    pyvips.Image.new_from_file(str(corpus / "scans" / "phototest.tif")).rot(f"d{turn}").pngsave(str(path))
    assert error_rate(path, corpus / "scans" / "phototest.gold.txt", tmp_path) <= most


def test_phototest_as_it_is(corpus: Path, tmp_path: Path) -> None:
    """A bilevel TIFF, and a page on its side as somebody else turned it."""
    scans = corpus / "scans"
    assert error_rate(scans / "phototest.tif", scans / "phototest.gold.txt", tmp_path) <= 0.01
    assert error_rate(scans / "phototest-rotated-R.png", scans / "phototest.gold.txt", tmp_path) <= 0.015


@pytest.mark.slow
def test_linn(corpus: Path, tmp_path: Path) -> None:
    """At most 2 % of a real scan in two columns is wrong."""
    assert error_rate(corpus / "scans" / "linn.pdf", corpus / "scans" / "linn.txt", tmp_path) <= 0.02

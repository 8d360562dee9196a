"""The edges of the OCR plugin, each called as a path over the graph calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml import ElementTree

import filemill_ocr
from filemill import Context, Document, Limits, Picture, Text
from filemill.registry import Registry
from filemill.testing.samples import write_pdf
from filemill_ocr import program
from ocr_scans import TEXT, Scans, opened

(EDGE,) = filemill_ocr.filemill_conversions()


@pytest.fixture
def context(registry: Registry, tmp_path: Path) -> Context:
    """The surroundings of one task."""
    (folder := tmp_path / "task").mkdir()
    return Context(limits=Limits(), folder=folder, formats=registry.formats)


def scan(context: Context, scans: Scans) -> Picture:
    """A scan as a path opens it."""
    path = scans.png()
    return context.open(context.formats.sniff(path, path.name), Picture)


def test_a_scan_becomes_text(context: Context, scans: Scans) -> None:
    """Word by word."""
    made = EDGE.run(scan(context, scans), "text", context)
    assert isinstance(made, Text)
    assert made.text.split() == TEXT.split()
    assert made.body is None


@pytest.mark.parametrize("target", ["hocr", "tsv"])
def test_words_become_tables(target: str, context: Context, tmp_path: Path) -> None:
    """What is saved is of the wanted format and has every word: here of a text layer."""
    write_pdf(tmp_path / "layer.pdf")
    made = EDGE.run(opened(tmp_path / "layer.pdf"), target, context)
    assert made.format == target
    (tmp_path / "saved").write_text(made.body, encoding="utf-8")
    assert context.formats.sniff(tmp_path / "saved", "saved").format == target
    if target == "hocr":
        words = [node.text for node in ElementTree.fromstring(made.body).iter() if node.get("class") == "ocrx_word"]
    else:
        words = [line.split("\t")[-1] for line in made.body.splitlines()[1:] if line.startswith("5\t")]
    assert words == ["Page", "one", "of", "two", "Page", "two", "of", "two"]


def test_what_the_edge_says(registry: Registry) -> None:
    """It takes every picture and PDFs, its results are ends, and it is there where the program is."""
    assert (EDGE.shape.accepts, EDGE.shape.returns, EDGE.engine) == ((Picture, Document), Text, "tesseract")
    assert EDGE.final
    pictures = {form.name for form in registry.formats if form.kind is Picture}
    assert set(EDGE.sources) >= pictures | {"pdf"}


def test_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    program.installed.cache_clear()
    missing = EDGE.missing()
    assert missing is not None
    assert "tesseract-ocr" in missing.hint
    program.installed.cache_clear()

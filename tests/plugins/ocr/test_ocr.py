"""The operation `ocr` with the real program."""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pypdf
import pytest
import pyvips
from defusedxml import ElementTree

from filemill import ErrorCode, FilemillError
from filemill.testing.samples import write_pdf
from filemill_ocr import program
from filemill_ocr.forms import Form
from filemill_ocr.ocr import Ocr
from ocr_scans import TEXT, Do, Scans

READ = " ".join(TEXT.split())


def read(text: str) -> str:
    """Lines and words as one line; Tesseract's Greek has the sign of micro for the letter mu."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def test_picture(do: Do, scans: Scans) -> None:
    """NA-27: a picture gives text, confidence and pages; the text is saved as it is told."""
    (output,) = do(scans.png(), Ocr()).outputs
    assert output.media_type == "text/plain"
    assert read(output.facts["text"]) == READ
    assert output.facts["confidence"] > 0.85
    (page,) = output.facts["pages"]
    assert page["number"] == 1
    assert page["source"] == "ocr"
    assert page["language"] == "en"
    assert page["dpi"] == 200
    assert page["rotation"] == 0
    assert Path(output.path).read_text(encoding="utf-8") == output.facts["text"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned(do: Do, scans: Scans, turn: int) -> None:
    """A page on its side or upside down is turned upright, and by how much is told."""
    (output,) = do(scans.png(turn=turn), Ocr()).outputs
    assert read(output.facts["text"]) == READ
    assert output.facts["pages"][0]["rotation"] == 360 - turn


@pytest.mark.parametrize("dpi", [200, 300])
@pytest.mark.parametrize("lean", [-8, -4, 2.5, 3, 3.5, 12])
def test_leaning(do: Do, scans: Scans, lean: float, dpi: int) -> None:
    """A page that leans is put level, also where Tesseract is sure of what it reads of it as it is."""
    (output,) = do(scans.png(lean=lean, dpi=dpi), Ocr()).outputs
    assert read(output.facts["text"]) == READ
    assert output.facts["pages"][0]["skew"] == pytest.approx(lean, abs=0.6)


@pytest.mark.parametrize("lean", [-1, 1])
def test_leaning_a_little(do: Do, scans: Scans, lean: float) -> None:
    """A page that leans by a degree is read as it is."""
    (output,) = do(scans.png(lean=lean, dpi=300), Ocr()).outputs
    assert read(output.facts["text"]) == READ
    assert output.facts["pages"][0]["skew"] == 0


def test_exif(do: Do, scans: Scans, tmp_path: Path) -> None:
    """The orientation of EXIF comes before everything else."""
    image = scans.image().rot("d270").copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    path = tmp_path / "turned.jpg"
    image.jpegsave(str(path), Q=90)
    (output,) = do(path, Ocr()).outputs
    assert read(output.facts["text"]) == READ
    assert output.facts["pages"][0]["rotation"] == 0


def test_lying_density(do: Do, scans: Scans, tmp_path: Path) -> None:
    """A tag of 1200 dpi on a page of 200 is not believed."""
    path = tmp_path / "lying.png"
    scans.image().copy(xres=1200 / 25.4, yres=1200 / 25.4).pngsave(str(path))
    (output,) = do(path, Ocr()).outputs
    assert read(output.facts["text"]) == READ
    assert 150 <= output.facts["pages"][0]["dpi"] <= 300


def test_blank_and_pages(do: Do, scans: Scans) -> None:
    """FG-47: pages are parted by a form feed; a page without words has no confidence and weighs nothing."""
    blank = scans.image("x").new_from_image(255).cast("uchar").copy(interpretation="b-w")
    told: list[tuple[float, str]] = []
    path = scans.pdf(scans.image("First page of two"), blank, scans.image("Third page"))
    (output,) = do(path, Ocr(), lambda fraction, step, note: told.append((fraction, note))).outputs
    assert output.facts["text"].split("\f") == ["First page of two", "", "Third page"]
    assert [page["confidence"] is None for page in output.facts["pages"]] == [False, True, False]
    assert output.facts["confidence"] > 0.8
    assert [fraction for fraction, _ in told[:3]] == pytest.approx([1 / 3, 2 / 3, 1])
    (alone,) = do(scans.pdf(blank, name="blank.pdf"), Ocr()).outputs
    assert (alone.facts["text"], alone.facts["confidence"]) == ("", 0)


def test_layer_first(do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages with text are answered from it, and the program is not started."""
    write_pdf(path := tmp_path / "text.pdf")
    program.installed()
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", "no-such-program")
    (output,) = do(path, Ocr()).outputs
    assert output.facts["text"] == "Page one of two\fPage two of two"
    assert {page["source"] for page in output.facts["pages"]} == {"layer"}


def test_force(do: Do, tmp_path: Path) -> None:
    """`force` reads the picture of a page that has text."""
    write_pdf(path := tmp_path / "text.pdf")
    (output,) = do(path, Ocr(force=True)).outputs
    assert output.facts["text"] == "Page one of two\fPage two of two"
    assert {page["source"] for page in output.facts["pages"]} == {"ocr"}


def test_words(do: Do, scans: Scans) -> None:
    """Words come with boxes within the page, in the order of the text."""
    (output,) = do(scans.png(), Ocr(words=True)).outputs
    (page,) = output.facts["pages"]
    assert [word["text"] for word in page["words"]] == output.facts["text"].split()
    for word in page["words"]:
        assert 0 <= word["left"] < word["left"] + word["width"] <= page["width"]
        assert 0 <= word["top"] < word["top"] + word["height"] <= page["height"]
        assert 0 <= word["confidence"] <= 1


def test_forms(do: Do, scans: Scans, tmp_path: Path) -> None:
    """JSON, hOCR and TSV hold all pages, read from a picture or from the layer, and nothing of the server."""
    write_pdf(text := tmp_path / "text.pdf")
    both = pypdf.PdfWriter()
    both.append(scans.pdf(scans.image("Scanned & bound")))
    both.append(text)
    both.write(path := tmp_path / "both.pdf")
    saved: dict[str, Any] = {}
    for form in (Form.JSON, Form.HOCR, Form.TSV):
        (output,) = do(path, Ocr(format=form)).outputs
        saved[form.value] = Path(output.path).read_text(encoding="utf-8")
        assert output.name == f"both.{form.value}"
        assert output.facts["text"].startswith("Scanned & bound\fPage one")
        assert str(tmp_path) not in saved[form.value]
    assert json.loads(saved["json"])["pages"][2]["text"] == "Page two of two"
    tree = ElementTree.fromstring(saved["hocr"].encode())
    found = [part.attrib for part in tree.iter() if part.get("class") == "ocr_page"]
    assert [re.search(r"ppageno (\d)", page["title"])[1] for page in found] == ["0", "1", "2"]  # type: ignore[index]
    ids = [part.get("id") for part in tree.iter() if part.get("id")]
    assert len(ids) == len(set(ids))
    rows = [line.split("\t") for line in saved["tsv"].splitlines()]
    assert [row[11] for row in rows[1:] if row[0] == "5" and row[1] == "1"] == ["Scanned", "&", "bound"]
    assert {row[1] for row in rows[1:]} == {"1", "2", "3"}


@pytest.mark.parametrize("language", ["el", "auto"])
def test_another_script(do: Do, scans: Scans, language: str) -> None:
    """Greek is read as Greek, asked for or found out."""
    if "ell" not in program.installed():
        pytest.skip("Tesseract's Greek is not installed: apt-get install tesseract-ocr-ell")
    text = "Το παλιό σπίτι στην άκρη του χωριού\nείχε μια μεγάλη αυλή με δέντρα και\nένα πηγάδι δίπλα στον ψηλό τοίχο"
    (output,) = do(scans.png(text=text), Ocr(language=language)).outputs
    assert read(output.facts["text"]) == read(text)
    assert output.facts["pages"][0]["language"] == "el"


def test_several_languages(do: Do, scans: Scans) -> None:
    """Of several languages the page is told to be in the one most words were read in."""
    if "deu" not in program.installed():
        pytest.skip("Tesseract's German is not installed: apt-get install tesseract-ocr-deu")
    text = "Die Mühle am Fluß gehörte früher\neinem Müller, der Äpfel verkaufte\nund überall Freunde hatte."
    (output,) = do(scans.png(text=text), Ocr(language="en+de")).outputs
    assert "Mühle" in output.facts["text"]
    assert output.facts["language"] == "de"


def test_slow_page(do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page over its time gives an error entry, the others are read, and its program is gone."""
    real = shutil.which("tesseract")
    slow, pids = tmp_path / "tesseract", tmp_path / "pids"
    slow.write_text(f'#!/bin/sh\ncase "$1" in *sheet-2-*) echo $$ >> {pids}; exec sleep 30;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    program.installed()
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(slow))
    path = scans.pdf(*(scans.image(f"Page number {name}") for name in ("one", "two", "three")))
    (output,) = do(path, Ocr(page_seconds=4)).outputs
    assert output.facts["text"] == "Page number one\f\fPage number three"
    assert output.facts["pages"][1]["error"]["code"] == "DEADLINE_EXCEEDED"
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split())


def test_a_page_that_waited(do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a page begins when it is read: one that waits behind a slow page loses nothing."""
    slow = tmp_path / "tesseract"
    slow.write_text(
        f'#!/bin/sh\ncase "$1" in *sheet-1-*) exec sleep 30;; esac\nexec {shutil.which("tesseract")} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(slow))
    monkeypatch.setattr("filemill_ocr.pages.processors", lambda: 1)
    path = scans.pdf(*(scans.image(text) for text in ("One", "Two", "Three")))
    (output,) = do(path, Ocr(page_seconds=3)).outputs
    assert output.facts["text"] == "\fTwo\fThree"
    assert ["error" in page for page in output.facts["pages"]] == [True, False, False]


def test_the_only_page_is_slow(do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document is not failed by its pages, also where it has one: the entry and the report say it."""
    slow = tmp_path / "tesseract"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(slow))
    made = do(scans.png(), Ocr(page_seconds=1))
    (page,) = made.outputs[0].facts["pages"]
    assert (page["text"], page["confidence"], page["error"]["code"]) == ("", None, "DEADLINE_EXCEEDED")
    assert made.report[0]["failed"] == 1


def test_every_page_is_refused(do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Tesseract takes no page at all, the file is at fault."""
    broken = tmp_path / "tesseract"
    broken.write_text("#!/bin/sh\necho 'Error in pixRead' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(broken))
    with pytest.raises(FilemillError, match="Error in pixRead") as refused:
        do(scans.png(), Ocr())
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_one_thread(do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs with one thread whatever the surroundings say, and is always told a resolution."""
    spy = tmp_path / "tesseract"
    log = tmp_path / "log"
    spy.write_text(f'#!/bin/sh\necho "$OMP_THREAD_LIMIT $*" >> {log}\nexec {shutil.which("tesseract")} "$@"\n')
    spy.chmod(0o755)
    program.installed()
    monkeypatch.setenv("OMP_THREAD_LIMIT", "8")
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(spy))
    do(scans.png(), Ocr())
    (line,) = log.read_text().splitlines()
    assert line.startswith("1 ")
    assert "--dpi 200" in line
    assert os.environ["OMP_THREAD_LIMIT"] == "1"


def test_repeats(do: Do, scans: Scans) -> None:
    """The same scan gives the same bytes and facts."""
    path = scans.pdf(scans.image("One"), scans.image("Two"))
    first, second = (do(path, Ocr(format=Form.HOCR)).outputs[0] for _ in range(2))
    assert (first.sha256, first.facts) == (second.sha256, second.facts)

"""`POST /api/v1/ocr`: FG-44…FG-48."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pyvips

from filagram_wire import done, form, moment, refused
from ocr_scans import TEXT, Scans
from pdf_samples import text_pdf

MEMBERS = ("text", "pages", "confidence")
PATH = "/api/v1/ocr"


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    """Makes scans."""
    return Scans(tmp_path)


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.replace("\f", " ").split())


@pytest.mark.parametrize(("suffix", "data"), [(".png", {}), (".jpg", {"language": "en"}), (".jpg", {"language": ""})])
def test_text_of_a_picture(filagram: httpx.Client, scans: Scans, suffix: str, data: dict[str, str]) -> None:
    """FG-44, FG-45, FG-47: the text in the body, no URL, one page, how sure it is; English by default."""
    picture = scans.image().write_to_buffer(suffix)
    body = done(filagram.post(PATH, files={"file": picture}, data=data), *MEMBERS)
    assert len(words(TEXT) & words(body["text"])) > 0.9 * len(words(TEXT))
    assert body["pages"] == 1
    assert 0.8 < body["confidence"] <= 1
    assert body["confidence"] == round(body["confidence"], 2)


def test_expires_at_is_the_end_of_retention(filagram: httpx.Client, scans: Scans) -> None:
    """FG-09, FG-46: by then the server has forgotten; nothing of it is stored to be fetched."""
    before = datetime.now(UTC).replace(microsecond=0)
    body = done(filagram.post(PATH, files=form(scans.png())), *MEMBERS)
    assert before + timedelta(days=1) <= moment(body["expires_at"]) <= datetime.now(UTC) + timedelta(days=1)


def test_pages_of_a_scanned_pdf(filagram: httpx.Client, scans: Scans) -> None:
    """FG-44, FG-47: pages are joined by a form feed, one without text among them."""
    first, last = scans.image("The river ran past"), scans.image("the old mill and")
    blank = pyvips.Image.black(600, 400).invert().copy(interpretation="b-w")
    body = done(filagram.post(PATH, files=form(scans.pdf(first, blank, last))), *MEMBERS)
    assert body["pages"] == 3
    assert [page.strip() for page in body["text"].split("\f")] == ["The river ran past", "", "the old mill and"]


def test_pdf_with_text(filagram: httpx.Client, tmp_path: Path) -> None:
    """FG-44, FG-47: a PDF that has its text is answered from it."""
    body = done(filagram.post(PATH, files=form(text_pdf(tmp_path / "a.pdf", "Alpha", "Beta"))), *MEMBERS)
    assert (body["text"], body["pages"], body["confidence"]) == ("Alpha\fBeta", 2, 1.0)


def test_nothing_to_read(filagram: httpx.Client, scans: Scans) -> None:
    """FG-47: no text is `""` and 0, of one page and of several."""
    blank = pyvips.Image.black(600, 400).invert().copy(interpretation="b-w")
    for files, pages in (({"file": blank.pngsave_buffer()}, 1), (form(scans.pdf(blank, blank)), 2)):
        body = done(filagram.post(PATH, files=files), *MEMBERS)
        assert (body["text"], body["pages"], body["confidence"]) == ("", pages, 0)


@pytest.mark.parametrize("language", ["is", "xx", "eng", "e", "e1", "en+de", "auto", "zh-Hant", "../en", "en\x00"])
def test_language_that_is_none(filagram: httpx.Client, scans: Scans, language: str) -> None:
    """FG-48: a language that is not installed, and what is no ISO 639-1 code, are 400."""
    response = filagram.post(PATH, files=form(scans.png()), data={"language": language})
    assert "anguage" in refused(response, 400, "BAD_REQUEST")


@pytest.mark.parametrize("suffix", [".webp", ".tif", ".gif"])
def test_other_inputs(filagram: httpx.Client, scans: Scans, suffix: str) -> None:
    """FG-44, FG-48: WebP, and all but JPEG, PNG and PDF, is 422."""
    picture = scans.image("mill").write_to_buffer(suffix)
    refused(filagram.post(PATH, files={"file": ("scan.png", picture, "image/png")}), 422, "INVALID_FILE")


@pytest.mark.corpus
def test_a_real_scan(filagram: httpx.Client, corpus: Path) -> None:
    """FG-45: a photograph of a page, turned on its side, is read."""
    wanted = words((corpus / "scans" / "phototest.gold.txt").read_text(encoding="utf-8"))
    body = done(filagram.post(PATH, files=form(corpus / "scans" / "phototest-rotated-R.png")), *MEMBERS)
    assert len(wanted & words(body["text"])) > 0.9 * len(wanted)

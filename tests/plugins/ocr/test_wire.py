"""OCR as clients see it."""

from __future__ import annotations

import httpx
import pytest

from filemill_ocr.languages import code_of
from filemill_ocr.program import installed
from live import problem
from ocr_scans import TEXT, Scans

PAGE = {"number", "text", "confidence", "language", "source", "width", "height", "dpi", "rotation", "skew"}


def test_answer(client: httpx.Client, scans: Scans) -> None:
    """NA-27: text, confidence and pages; each page with all that is told of it, words only where asked for."""
    scan = scans.png().read_bytes()
    told = client.post("/v1/ocr", content=scan).json()
    assert told["text"].split() == TEXT.split()
    assert told["mimeType"] == "text/plain"
    assert {key for page in told["pages"] for key in page} == PAGE
    told = client.post("/v1/ocr?words=true&format=json", content=scan).json()
    assert told["mimeType"] == "application/json"
    (page,) = told["pages"]
    assert set(page) == PAGE | {"words"}
    letters = sum(len(word["text"]) for word in page["words"])
    weighted = sum(word["confidence"] * len(word["text"]) for word in page["words"]) / letters
    assert told["confidence"] == pytest.approx(weighted, abs=0.011)


def test_a_blank_page_as_text(client: httpx.Client, scans: Scans) -> None:
    """FG-47: no text is an empty text, also where the text itself is the answer."""
    blank = (scans.image() * 0 + 255).cast("uchar").copy(interpretation="b-w")
    answer = client.post("/v1/ocr", content=scans.pdf(blank).read_bytes(), headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("operation", ["ocr", "searchable-pdf"])
@pytest.mark.parametrize("language", ["xx", "en+sw", "en+", "osd", "../eng"])
def test_a_language_that_is_not_there(client: httpx.Client, scans: Scans, operation: str, language: str) -> None:
    """FG-48: a 422 that names the parameter and lists what is installed, before any work is done."""
    answer = client.post(f"/v1/{operation}", params={"language": language}, content=scans.png().read_bytes())
    found = problem(answer, 422, "INVALID_PARAMETER")
    listed = ", ".join(sorted(code_of(data) for data in installed() if data != "osd"))
    assert found["detail"].endswith(f"Installed: {listed}.")
    assert found["errors"][0]["pointer"] == "#/language"


def test_searchable_pdf_as_bytes(client: httpx.Client, scans: Scans) -> None:
    """The PDF itself is the answer where it is asked for; read again, its text comes from the layer."""
    headers = {"Accept": "application/pdf"}
    made = client.post("/v1/searchable-pdf", content=scans.png().read_bytes(), headers=headers)
    assert made.headers["content-type"] == "application/pdf"
    told = client.post("/v1/ocr", content=made.content).json()
    assert told["text"].split() == TEXT.split()
    assert (told["pages"][0]["source"], told["confidence"]) == ("layer", 1)

"""A server without FFmpeg and LibreOffice: what needs them says what to install, everything else works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill_server.canary import png
from live import LiveServer


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that finds no program but those of its own environment."""
    own = LiveServer(tmp_path_factory.mktemp("bare") / "data", {"PATH": str(Path(sys.executable).parent)})
    own.data.mkdir()
    own.start()
    yield own
    own.stop()


def test_pairs_that_miss_a_program_are_listed(bare: LiveServer) -> None:
    """NA-11: what is possible now, and beside it what would be, with the program and its installation."""
    with bare.client("") as client:
        body = client.get("/v1/formats").json()
    possible = {(pair["from"], pair["to"]) for pair in body["conversions"]}
    missing = {(pair["from"], pair["to"]): pair for pair in body["missing"]}
    assert {("png", "webp"), ("pdf", "png"), ("zip", "tar"), ("md", "html")} <= possible
    assert ("mp4", "mp3") not in possible
    assert "FFmpeg" in missing["mp4", "mp3"]["reason"]
    assert "apt-get install ffmpeg" in missing["mp4", "mp3"]["hint"]
    assert "LibreOffice" in missing["docx", "png"]["reason"]
    assert missing["docx", "png"]["path"] == ["docx", "pdf", "png"]


def test_a_conversion_without_its_program_is_refused(bare: LiveServer) -> None:
    """NA-11: 501 with what is missing, and the server goes on."""
    with bare.client() as client:
        answer = client.post(
            "/v1/convert", params={"format": "pdf"}, content=b"<!doctype html><p>Hello", headers={"Accept": "*/*"}
        )
        assert (answer.status_code, answer.json()["code"]) == (501, "OPERATION_UNAVAILABLE"), answer.text
        assert "apt-get install libreoffice" in answer.json()["detail"]
        made = client.post("/v1/convert", params={"format": "webp"}, content=png(), headers={"Accept": "image/webp"})
        assert made.status_code == 200
        assert made.content[8:12] == b"WEBP"


def test_the_doctor_says_what_to_install(bare: LiveServer) -> None:
    """NA-82: each program that is missing, with the command; nothing fails."""
    said = bare.command("doctor").stdout
    assert "conversions by ffmpeg" in said
    assert "conversions by libreoffice" in said
    assert "apt-get install ffmpeg" in said
    assert "FAILS" not in said
    assert "unavailable: The program FFmpeg" in bare.command("formats", "mp3").stdout

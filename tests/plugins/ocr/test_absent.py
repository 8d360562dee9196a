"""A machine without Tesseract: the operations say what to install, and everything else works."""

from __future__ import annotations

from pathlib import Path

import pytest

from live import StartServer
from ocr_scans import Scans


def test_without_the_program(
    start_server: StartServer, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are listed as unavailable with what to install, and refused so; pictures and PDFs are worked on as ever."""
    (empty := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(empty))
    server = start_server(workers="1")
    scan = scans.png().read_bytes()
    try:
        with server.client() as client:
            listed = {found["name"]: found for found in client.get("/v1/operations").json()["operations"]}
            for name in ("ocr", "searchable-pdf"):
                assert not listed[name]["available"]
                assert "Tesseract is not installed" in listed[name]["reason"]
                assert "apt-get install tesseract-ocr" in listed[name]["hint"]
                refused = client.post(f"/v1/{name}", content=scan)
                assert refused.status_code == 501, refused.text
                assert "apt-get install tesseract-ocr" in refused.text
            assert listed["resize"]["available"]
            assert client.post("/v1/resize?width=50", content=scan).json()["width"] == 50
            drawn = client.post("/v1/rasterize?dpi=72", content=scans.pdf(scans.image()).read_bytes())
            assert drawn.json()["width"] == round(scans.image().width * 72 / 200)
    finally:
        server.stop()

"""A machine without LibreOffice, or without a part of it: what needs it says what to install, and all else works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from filemill_office import libreoffice
from filemill_office.conversions import CONVERSIONS
from office_documents import convert_file, edge


def test_without_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its conversions says so; Markdown becomes HTML, and files are told as ever."""
    path = tmp_path / "notes.md"
    path.write_text("# Title\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    for conversion in CONVERSIONS:
        missing = conversion.missing()
        assert (missing is None) == (conversion.engine == "markdown-it")
        if missing is not None:
            assert "LibreOffice is not installed" in missing.reason
            assert "apt-get install libreoffice-writer-nogui libreoffice-calc-nogui" in missing.hint
    assert "<h1>Title</h1>" in convert_file(path, "html", tmp_path / "task").path.read_text()


@pytest.mark.parametrize(
    ("part", "library"), [("writer", "libswlo.so"), ("calc", "libsclo.so"), ("impress", "libsdlo.so")]
)
def test_without_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, library: str) -> None:
    """Where a part is not installed, the conversions of its family say which, and the others are there."""
    real = libreoffice.LIBREOFFICE.path
    assert real is not None
    program = tmp_path / "program"
    program.mkdir()
    for name in ("soffice", "soffice.bin", "libswlo.so", "libsclo.so", "libsdlo.so"):
        (program / name).symlink_to(Path(real).with_name(name))
    (program / "soffice").unlink()
    shutil.copy("/bin/true", program / "soffice")
    (program / library).unlink()
    monkeypatch.setenv("PATH", str(program))
    absent = {source for source in ("docx", "xlsx", "pptx") if edge(source, "pdf").missing() is not None}
    assert absent == {{"writer": "docx", "calc": "xlsx", "impress": "pptx"}[part]}
    missing = libreoffice.missing(part)
    assert missing is not None
    assert part.capitalize() in missing.reason
    assert f"libreoffice-{part}-nogui" in missing.hint


def test_the_program_itself_is_run() -> None:
    """What is on the path is a script, which starts another program, which starts LibreOffice: none of them is run."""
    assert libreoffice.missing("writer") is None
    assert libreoffice.LIBREOFFICE.path is not None
    assert Path(libreoffice.LIBREOFFICE.path).name == "soffice.bin"
    with Path(libreoffice.LIBREOFFICE.path).open("rb") as program:
        assert program.read(4) == b"\x7fELF"

"""Broken, locked and hostile files: a typed error or a result, within the limits."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits
from office_documents import convert, rewrite_zip, write_compound, write_docx, write_zip


def refusal(path: Path, target: str, name: str = "", limits: Limits | None = None) -> FilemillError:
    """Return the error by which a conversion is refused."""
    with pytest.raises(FilemillError) as refused:
        convert(path, target, path.parent / "task", name, limits)
    return refused.value


@pytest.mark.parametrize("name", ["report.docx", "report.xlsx", "report.pptx"])
def test_a_password_since_2007(tmp_path: Path, name: str) -> None:
    """What a password protects is refused by its name, and LibreOffice is not asked."""
    path = write_compound(tmp_path / "file", "EncryptionInfo", "EncryptedPackage")
    error = refusal(path, "pdf", name)
    assert error.code is ErrorCode.INVALID_FILE
    assert name in error.detail
    assert "protected by a password" in error.detail


def test_a_password_in_open_document(tmp_path: Path) -> None:
    """So is an OpenDocument file whose list of contents says so."""
    path = write_zip(
        tmp_path / "report.ods",
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest:manifest><manifest:file-entry><manifest:encryption-data/>",
            "content.xml": random.Random(1).randbytes(500),
        },
    )
    assert "protected by a password" in refusal(path, "xlsx").detail


@pytest.mark.parametrize("limits", [Limits(max_growth=20), Limits(memory_bytes=64 << 20)], ids=["growth", "memory"])
def test_a_bomb(tmp_path: Path, limits: Limits) -> None:
    """What would unpack to more than the limits is refused before LibreOffice starts."""
    path = write_docx(tmp_path / "bomb.docx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/more.xml", "w") as stream:
        for _ in range(70):
            stream.write(bytes(1 << 20))
    error = refusal(path, "pdf", limits=limits)
    assert error.code is ErrorCode.INVALID_FILE
    assert "would unpack to" in error.detail


@pytest.mark.parametrize("kind", ["cut", "empty parts"])
def test_broken(tmp_path: Path, kind: str) -> None:
    """Where LibreOffice writes nothing, though it ends well, the file is refused."""
    path = tmp_path / "report.doc"
    if kind == "cut":
        write_compound(path, "WordDocument", "1Table")
    else:
        path = rewrite_zip(write_docx(tmp_path / "whole.docx"), tmp_path / "report.docx", lambda name, content: b"", {})
    error = refusal(path, "pdf")
    assert error.code is ErrorCode.INVALID_FILE
    assert path.name in error.detail


def test_more_than_it_may_write(tmp_path: Path) -> None:
    """A result is bounded by what was given: of RTF, each Greek letter takes nine bytes."""
    path = tmp_path / "greek.txt"
    path.write_text(("αβγδε ζηθικ " * 5 + "\n") * 3000, encoding="utf-8")
    error = refusal(path, "rtf", limits=Limits(max_growth=1))
    assert error.code is ErrorCode.INVALID_FILE
    assert "more than 1048576 bytes" in error.detail


def test_too_little_memory(tmp_path: Path) -> None:
    """Where the task's memory does not suffice, the file is refused and nothing crashes."""
    error = refusal(write_docx(tmp_path / "report.docx"), "odt", limits=Limits(memory_bytes=200 << 20))
    assert error.code is ErrorCode.INVALID_FILE

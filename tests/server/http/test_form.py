"""Multipart forms, read in pieces of any size."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.form import MAX_PARTS, MAX_TEXT_BYTES, FilePart, read_form

TYPE = "multipart/form-data; boundary=XX"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """Write one part."""
    file = f'; filename="{filename}"' if filename is not None else ""
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def read(
    body: bytes, folder: Path, *, pieces: int = 1 << 16, limit: int = 1 << 20, content_type: str = TYPE
) -> tuple[list[FilePart], list[tuple[str, str]]]:
    """Read a form that arrives in pieces."""

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), pieces):
            yield body[start : start + pieces]

    return asyncio.run(read_form(stream(), content_type, folder, limit))


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=3000), pieces=st.integers(1, 400), text=st.text(max_size=50))
def test_files_and_texts_arrive_whole_however_the_body_is_cut(content: bytes, pieces: int, text: str) -> None:
    """NA-23: any cut of the stream gives the same parts."""
    if b"--XX" in content:
        return
    with tempfile.TemporaryDirectory() as folder:
        body = part("file", content, "a.bin") + part("note", text.encode()) + b"--XX--\r\n"
        files, texts = read(body, Path(folder), pieces=pieces)
        assert [(field, path.read_bytes(), name) for field, path, name in files] == [("file", content, "a.bin")]
        assert texts == [("note", text)]


def test_names_in_a_form_do_not_reach_the_file_system(tmp_path: Path) -> None:
    """NC-12: a part's file name is only a name."""
    ((_, path, name),), _ = read(part("file", b"x", "../../evil.sh") + b"--XX--", tmp_path)
    assert path.parent == tmp_path
    assert name == "evil.sh"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", ErrorCode.BAD_REQUEST),
        (b"--XX\r\n", ErrorCode.BAD_REQUEST),
        (part("file", b"cut off", "a"), ErrorCode.BAD_REQUEST),
        (b"no boundary at all", ErrorCode.BAD_REQUEST),
        (part("note", b"\xff\xfe") + b"--XX--", ErrorCode.BAD_REQUEST),
        (b"--XX\r\nX: " + b"y" * 10000 + b"\r\n\r\n\r\n--XX--", ErrorCode.FILE_TOO_LARGE),
        (part("note", b"x" * (MAX_TEXT_BYTES + 1)) + b"--XX--", ErrorCode.FILE_TOO_LARGE),
        (b"x" * (20 << 20), ErrorCode.FILE_TOO_LARGE),
        (part("file", b"x" * 600, "a") + part("file", b"x" * 600, "b") + b"--XX--", ErrorCode.FILE_TOO_LARGE),
        (b"".join(part("n", b"") for _ in range(MAX_PARTS + 1)) + b"--XX--", ErrorCode.FILE_TOO_LARGE),
    ],
)
def test_bad_forms_get_typed_errors(tmp_path: Path, body: bytes, code: ErrorCode) -> None:
    """NA-71: a form that is broken, endless or over a limit is refused with the reason."""
    with pytest.raises(FilemillError) as caught:
        read(body, tmp_path, limit=1000)
    assert caught.value.code is code


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300])
def test_bad_boundaries_get_typed_errors(tmp_path: Path, content_type: str) -> None:
    """NA-71: without a usable boundary there are no parts."""
    with pytest.raises(FilemillError) as caught:
        read(b"", tmp_path, content_type=content_type)
    assert caught.value.code is ErrorCode.BAD_REQUEST

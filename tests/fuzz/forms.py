"""Target: multipart forms."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.form import MAX_TEXT_BYTES, FilePart, read_form
from filemill_server.names import clean_name
from fuzz.engine import Target
from fuzz.parts import finished

_LIMIT = 3000
_REFUSALS = {ErrorCode.BAD_REQUEST, ErrorCode.FILE_TOO_LARGE}
_Read = tuple[list[tuple[str, bytes, str]], list[tuple[str, str]]]

_START = b"multipart/form-data; boundary=b\n"
_SEEDS = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: image/png\r\n\r\nabc\r\n--b--',
    b"--b\r\nContent-Disposition:form-data;name=w\r\n\r\n8\r\n--b\r\ncontent-disposition:form-data;name=h\r\n\r\n\r\n--b--",
    b"--b--\r\n",
    b'preamble\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--b--\r\nepilogue',
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="C:\\\\x\\\\y"\r\nContent-Length: 1\r\n\r\nx\r\n--b--',
    b"--b\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''%e2%82%ac.txt\r\n\r\n--b-\r\n--\r\n--b--\r\n",
)
_TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"--", b"--b", b"--b--", b"\r\n--b\r\n", b"\r\n--b--\r\n", b"\r\n\r\n", b": ", b"; "),
    *(b"Content-Disposition: form-data", b"Content-Type: text/plain; charset=utf-16", b"content-length: 3", b"name="),
    *(
        b'filename="',
        b"filename*=UTF-8''%ff",
        b"filename*=utf-7''+AC8-",
        b'"',
        b"\\",
        b"../",
        b"\0",
        b"\xff",
        b"\xc3\xa9",
    ),
    *(
        b"boundary=",
        b'boundary="',
        b"Transfer-Encoding: chunked",
        b"Content-Transfer-Encoding: base64",
        b"\t",
        b"_charset_",
    ),
)


def target(folder: Path) -> Target:
    """What is read of a form is the same in whatever pieces it arrives; files stay in the folder and the limit."""
    for name in ("whole", "parts"):
        (folder / name).mkdir()

    def check(data: bytes) -> bool:
        header, _, body = data.partition(b"\n")
        content_type = header.decode("latin-1")
        whole = _outcome(folder / "whole", content_type, [body])
        parts = _outcome(folder / "parts", content_type, list(_pieces(body)))
        refusals = {outcome for outcome in (whole, parts) if isinstance(outcome, ErrorCode)}
        assert refusals <= _REFUSALS, refusals
        # How strict the parser is with what stands before the first part depends on how much of it has come.
        if isinstance(whole, ErrorCode) or isinstance(parts, ErrorCode):
            return False
        assert whole == parts, "in pieces it reads in another way"
        files, texts = whole
        assert sum(len(content) for _, content, _ in files) <= _LIMIT
        assert sum(len(text.encode()) for _, text in texts) <= MAX_TEXT_BYTES
        assert all(clean_name(name) == name for _, _, name in files), files
        return True

    return Target(
        name="forms",
        check=check,
        seeds=[_START + seed for seed in _SEEDS],
        tokens=_TOKENS,
        longest=6000,
        traced=("filemill_server", "multipart"),
    )


def _outcome(folder: Path, content_type: str, pieces: list[bytes]) -> _Read | ErrorCode:
    for left in folder.glob("*"):
        left.unlink()
    try:
        files, texts = finished(read_form(_stream(pieces), content_type, folder, _LIMIT))
    except FilemillError as error:
        return error.code
    written = {path for _, path, _ in files}
    assert written == set(folder.iterdir()), "a file is somewhere else"
    return [_read(file) for file in files], texts


def _read(file: FilePart) -> tuple[str, bytes, str]:
    field, path, name = file
    return field, path.read_bytes(), name


async def _stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _pieces(body: bytes) -> Iterator[bytes]:
    """Cut a body where chance has it, the same each time."""
    state = zlib.crc32(body)
    at = 0
    while at < len(body):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        size = 1 + (state >> 8) % (1, 3, 40, 300)[state >> 4 & 3]
        yield body[at : at + size]
        at += size

"""Target: headers and other short texts of a request that we read ourselves."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.body import read_query
from filemill_server.bodies.digests import Digests
from filemill_server.conditions import Version, asked_range, is_unchanged, require_match
from filemill_server.cursors import make_cursor, read_cursor
from filemill_server.messages import OutputOptions
from filemill_server.names import MAX_NAME, clean_name, content_disposition, file_name
from filemill_server.negotiation import prefers_bytes
from filemill_server.prefer import MAX_WAIT_SECONDS, parse_prefer, parse_priority
from filemill_server.resumable.checksum import Checksum
from filemill_server.resumable.fields import read_boolean, read_count
from filemill_server.resumable.metadata import name_in, read_metadata
from filemill_server.webhooks.schedule import retry_after_seconds
from fuzz.engine import Target
from fuzz.guidance import SERVER

_SIZE = 1000
_BODY = b"body"
_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_VERSION = Version("ab" * 32, _SIZE, _NOW)
_DECEIVING = re.compile(r"[\x00-\x1f\x7f-\x9f\"/\\\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_HEADER = re.compile(r"[\x20-\x7e]*")


def _range(text: str) -> None:
    found = asked_range(_VERSION, text, None)
    assert found is None or 0 <= found[0] < found[1] <= _SIZE, found
    asked_range(_VERSION, "bytes=0-1", text)


def _conditions(text: str) -> None:
    is_unchanged(_VERSION, text, None)
    is_unchanged(_VERSION, None, text)
    try:
        require_match(_VERSION, text)
    except FilemillError as error:
        assert error.code is ErrorCode.PRECONDITION_FAILED


def _prefer(text: str) -> None:
    wanted = parse_prefer([text, text])
    assert wanted == parse_prefer([text]), "of a repeated preference the first one counts"
    assert wanted.wait is None or 0 <= wanted.wait <= MAX_WAIT_SECONDS
    assert 0 <= parse_priority([text]) <= 7


def _accept(text: str) -> None:
    assert prefers_bytes(text) in (True, False)


def _disposition(text: str) -> None:
    for name in (file_name(text), file_name(None, text), clean_name(text)):
        if name is None:
            continue
        assert 1 <= len(name) <= MAX_NAME
        assert _DECEIVING.search(name) is None, name
        assert clean_name(name) == name, "cleaned again it is another"
        written = content_disposition(name, "image/png")
        assert _HEADER.fullmatch(written), written
        assert file_name(written) == name, f"read again it is {file_name(written)!r}"


def _digest(text: str) -> None:
    digests = Digests(text)
    digests.update(_BODY)
    digests.verify()


def _cursor(text: str) -> None:
    assert read_cursor(make_cursor(*read_cursor(text))) == read_cursor(text)


def _tus(text: str) -> None:
    name = name_in(read_metadata(text))
    assert clean_name(name) == name


def _checksum(text: str) -> None:
    checksum = Checksum(text)
    checksum.update(_BODY)
    checksum.verify()


def _structured(text: str) -> None:
    assert read_boolean(text) in (True, False, None)
    count = read_count(text)
    assert count is None or 0 <= count < 10**15


def _retry_after(text: str) -> None:
    assert retry_after_seconds(text, _NOW) >= 0


def _query(text: str) -> None:
    read_query(text.encode("latin-1"), OutputOptions)


def _hash(name: str) -> str:
    return base64.b64encode(hashlib.new(name, _BODY).digest()).decode()


READERS: tuple[tuple[Callable[[str], None], tuple[str, ...]], ...] = (
    (_range, ("bytes=0-499", "bytes=-5", "bytes=500-", "bytes=1-2,4-5", "items=1-2", 'W/"ab"')),
    (
        _conditions,
        (f'"{"ab" * 32}"', 'W/"x", "y"', "*", "Sun, 22 Nov 2026 00:00:00 GMT", "Sunday, 22-Nov-26 00:00:00 GMT"),
    ),
    (_prefer, ("respond-async, wait=10", 'wait="5"; a=b, handling=lenient', "u=1, i", 'a="b\\"c", return=minimal')),
    (_accept, ("image/webp,image/*;q=0.8,*/*;q=0.1", "application/json", "text/html,application/xhtml+xml;q=0.9")),
    (
        _disposition,
        ('attachment; filename="a b.png"', "inline; filename*=UTF-8''%e2%82%ac.txt; filename=x", "a/../b.tar.gz"),
    ),
    (_digest, (f"sha-256=:{_hash('sha256')}:, md5=:AA==:", f"sha-512=:{_hash('sha512')}:", "unixsum=:AA==:")),
    (_cursor, (make_cursor(1_700_000_000_000_000, "abc-DEF_1"), make_cursor(-1, "x"))),
    (_tus, ("filename cGhvdG8uanBn,private", "name YQ==, type aW1hZ2U=", "relativePath bnVsbA==")),
    (_checksum, (f"sha1 {_hash('sha1')}", f"md5 {_hash('md5')}")),
    (_structured, ("?1", "?0;a=1", "10", "-5;b=?1", '3;c="d"')),
    (_retry_after, ("120", "Sun, 22 Nov 2026 01:00:00 GMT", "Sun, 22 Nov 2026 01:00:00 -0000")),
    (_query, ("a=b&c=%20d", "output=%7B%22webhook%22:null%7D", "ttlSeconds=60&a=")),
)
_TOKENS = tuple(
    text.encode("latin-1")
    for text in (
        *(
            "bytes=",
            "-",
            ",",
            ";",
            "=",
            '"',
            "\\",
            "*",
            "W/",
            "q=",
            "q=nan",
            "q=1e999",
            "q=-0",
            "q=1_0",
            ":",
            "?1",
            "%",
        ),
        *(
            "filename=",
            "filename*=",
            "UTF-8''",
            "utf-16''",
            "iso-8859-1''",
            "%ff",
            "%00",
            "%2f",
            "..",
            "/",
            "\t",
            "\r\n",
        ),
        *(
            "GMT",
            "+9999",
            "-2400",
            "EST",
            "Jan",
            "99999999999999999999",
            "Sun, ",
            "\xb2",
            "\xa0",
            "\xe9",
            "\xad",
            "\x80",
        ),
        *("sha-256=:", "sha-512=:", "=:", "sha512 ", "wait=", "respond-async", "u=", "i=?0", "{", "[", "[[[[", "}"),
    )
)


def target(folder: Path) -> Target:
    """What a header says is read or refused, and never fails; the first byte chooses the header."""

    def check(data: bytes) -> bool:
        read, _ = READERS[data[0] % len(READERS) if data else 0]
        try:
            read(data[1:].decode("latin-1"))
        except FilemillError as error:
            assert error.code not in (ErrorCode.INTERNAL_ERROR, ErrorCode.OVERLOADED)
            return False
        return True

    seeds = [bytes([index]) + text.encode() for index, (_, texts) in enumerate(READERS) for text in texts]
    return Target(name="headers", check=check, seeds=seeds, tokens=_TOKENS, longest=8192, traced=SERVER)

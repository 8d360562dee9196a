"""Headers about as long as the server takes them, of what makes careless regular expressions try again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill_server.protocol import MAX_SILENT_BYTES
from fuzz.headers import READERS, target
from fuzz.watchdog import Watchdog

_LENGTH = MAX_SILENT_BYTES // 2
_PIECES = (
    "a",
    "a-",
    "0",
    '"',
    "\\",
    " ",
    "=",
    ":",
    ",",
    ";",
    "=:",
    'W/"',
    '="',
    '\\"',
    "a=:",
    "a=",
    ", a",
    "; q=",
    "%e2",
)
_STARTS = ("", 'a="', "filename*=UTF-8''")


@pytest.mark.parametrize("index", range(len(READERS)), ids=[read.__name__.strip("_") for read, _ in READERS])
def test_long_headers_are_read_in_time_that_grows_with_their_length(index: int, tmp_path: Path) -> None:
    """None takes the seconds of CPU after which the watchdog ends it; a square of the length would take minutes."""
    check = target(tmp_path).check
    texts = [(start + piece * _LENGTH)[:_LENGTH] for start in _STARTS for piece in _PIECES]
    with Watchdog(tmp_path / "present", 2 * _LENGTH) as watchdog:
        for text in texts:
            data = bytes([index]) + text.encode()
            watchdog.begin(data)
            check(data)
            watchdog.end()

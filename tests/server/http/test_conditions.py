"""Validators and ranges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.errors import ErrorCode, FilemillError
from filemill_server.conditions import Version, asked_range, is_unchanged, require_match

VERSION = Version("ab" * 32, 1000, datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99", (0, 100)),
        ("bytes=900-", (900, 1000)),
        ("bytes=-100", (900, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=990-5000", (990, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("pages=0-1", None),
        ("bytes=a-b", None),
        (None, None),
    ],
)
def test_one_range_is_read_and_others_mean_the_whole(header: str | None, expected: tuple[int, int] | None) -> None:
    """NC-11: one byte range is honoured; several, malformed and other units give the whole file."""
    assert asked_range(VERSION, header, None) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_range_past_the_end_is_refused(header: str) -> None:
    """NC-11: a range that holds no byte is 416."""
    with pytest.raises(FilemillError) as caught:
        asked_range(VERSION, header, None)
    assert caught.value.code is ErrorCode.RANGE_NOT_SATISFIABLE


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_range_stays_inside_the_file(first: int, last: int) -> None:
    """Whatever is asked, the answer is a part of the file or a refusal."""
    try:
        found = asked_range(VERSION, f"bytes={first}-{last}", None)
    except FilemillError:
        assert first >= VERSION.size
    else:
        assert found is None or 0 <= found[0] < found[1] <= VERSION.size


def test_if_range_of_another_version_gives_the_whole() -> None:
    """NC-11: `If-Range` with the present tag keeps the range, with another one drops it."""
    assert asked_range(VERSION, "bytes=0-9", VERSION.etag) == (0, 10)
    assert asked_range(VERSION, "bytes=0-9", '"other"') is None
    assert asked_range(VERSION, "bytes=0-9", f"W/{VERSION.etag}") is None


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        (VERSION.etag, None, True),
        (f'"x", W/{VERSION.etag}', None, True),
        ("*", None, True),
        ('"x"', None, False),
        ('"x"', "Sun, 01 Nov 2026 12:00:00 GMT", False),
        (None, "Sun, 01 Nov 2026 12:00:00 GMT", True),
        (None, "Sun, 01 Nov 2026 11:59:59 GMT", False),
        (None, "yesterday", False),
        (None, None, False),
    ],
)
def test_unchanged(none_match: str | None, since: str | None, expected: bool) -> None:
    """NC-10: tags decide before dates, weakly compared; nonsense is ignored."""
    assert is_unchanged(VERSION, none_match, since) is expected


def test_if_match_guards_writes() -> None:
    """NC-10: a write that names another version is 412."""
    require_match(VERSION, None)
    require_match(VERSION, "*")
    require_match(VERSION, f'"x", {VERSION.etag}')
    with pytest.raises(FilemillError) as caught:
        require_match(VERSION, '"x"')
    assert caught.value.code is ErrorCode.PRECONDITION_FAILED

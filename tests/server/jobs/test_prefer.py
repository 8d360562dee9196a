"""What is read from `Prefer` and `Priority`, and the answer of a request that has become a job."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill_server.jobs.rows import JobRow, State
from filemill_server.prefer import MAX_WAIT_SECONDS, Preference, accepted, parse_prefer, parse_priority

TOKENS = st.text("abcXYZ019-._~!", min_size=1, max_size=8)
SPACE = st.sampled_from(["", " ", "\t", "  "])
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


def quoted(text: str) -> str:
    """Write a text as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def preferences(draw: st.DrawFn) -> tuple[str, str, str]:
    """A preference: its name, its value, and how both are written, with parameters that mean nothing here."""
    name = draw(st.sampled_from(["wait", "Wait", "respond-async", "RESPOND-ASYNC", "return", "handling"]) | TOKENS)
    value = draw(st.integers(0, 10**30).map(str) | TOKENS | TEXTS | st.just(""))
    plain = value and all(sign in "abcXYZ0123456789-._~!" for sign in value)
    space = draw(SPACE)
    written = name
    if plain and draw(st.booleans()):
        written += f"{space}={space}{value}"
    elif value or draw(st.booleans()):
        written += f"{space}={space}{quoted(value)}"
    for parameter in draw(st.lists(TOKENS, max_size=2)):
        written += f"{space};{space}{parameter}={quoted(draw(TEXTS))}"
    return name.lower(), value, f"{draw(SPACE)}{written}{draw(SPACE)}"


@given(st.lists(st.lists(preferences(), min_size=1, max_size=4), max_size=3))
def test_well_formed_preferences_are_read(lines: list[list[tuple[str, str, str]]]) -> None:
    """NC-05, RFC 7240: the first of a name counts, however it is written and over however many headers."""
    first: dict[str, str] = {}
    for name, value, _ in (one for line in lines for one in line):
        first.setdefault(name, value)
    found = parse_prefer(",".join(written for _, _, written in line) for line in lines)
    assert found.respond_async is (first.get("respond-async") == "")
    wait = first.get("wait", "")
    is_number = bool(wait) and all(sign in "0123456789" for sign in wait)
    assert found.wait == (min(int(wait), MAX_WAIT_SECONDS) if is_number else None)


@given(st.lists(st.text(max_size=60) | st.text('wait=0"\\;,u respond-async', max_size=60), max_size=3))
def test_any_text_is_harmless(lines: list[str]) -> None:
    """NC-05: what can't be read is as if it were not there."""
    found = parse_prefer(lines)
    assert found.wait is None or 0 <= found.wait <= MAX_WAIT_SECONDS
    assert 0 <= parse_priority(lines) <= 7


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Preference()),
        (["respond-async"], Preference(True)),
        (["respond-async, wait=10"], Preference(True, 10)),
        (["wait=10", "Respond-Async"], Preference(True, 10)),
        (['wait="10"; foo="a, respond-async"'], Preference(False, 10)),
        (['respond-async=""'], Preference(True)),
        (["respond-async=no"], Preference()),
        (["wait=1, wait=9"], Preference(False, 1)),
        (["wait=-1", "respond-async;x"], Preference(True)),
        (["wait=1.5"], Preference()),
        (["wait=²"], Preference()),
        (["wait"], Preference()),
        (["foo bar, respond-async"], Preference(True)),
        (['foo="a\\", wait=1", wait=2'], Preference(False, 2)),
        (['foo="never closed, respond-async', "wait=3"], Preference(False, 3)),
        ([",, ,respond-async,"], Preference(True)),
    ],
)
def test_preferences(lines: list[str], expected: Preference) -> None:
    """NC-05: unknown and wrong preferences don't matter, and neither do quotes, parameters and several headers."""
    assert parse_prefer(lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], 3),
        (["u=0"], 0),
        (["u=7, i"], 7),
        (["i,u=1;x=2"], 1),
        (["i", "u=2"], 2),
        (["u=1, u=5"], 5),
        (["u=8"], 3),
        (["u=-1"], 3),
        (["u=1.0"], 3),
        (["u"], 3),
        (["u=1, u=high"], 3),
        (["U=1"], 3),
        (['a="u=1, u=1"'], 3),
    ],
)
def test_urgency(lines: list[str], expected: int) -> None:
    """RFC 9218: `u` from 0 to 7; all else is the default."""
    assert parse_priority(lines) == expected


@pytest.mark.parametrize("piece", ['"', "\\", '"\\', " ", "=", ";", ",", "a=", 'a="\\"', "u= ", "wait= "])
def test_long_headers_take_no_time(piece: str) -> None:
    """A header of the largest size that is taken is read in a moment, whatever it is."""
    line = (piece * 65_536)[:65_536]
    started = time.process_time()
    parse_prefer([line, f'"{line}', f"wait{line}"])
    parse_priority([line, f"u={line}x"])
    assert time.process_time() - started < 1


@pytest.mark.parametrize("asked", [True, False])
def test_accepted(asked: bool) -> None:
    """NC-03, NC-05, NC-13: 202 says where the job is, when to look, and what was followed."""
    row = JobRow(
        id="j",
        tenant="shop",
        parent=None,
        position=0,
        parts=0,
        parts_left=0,
        state=State.QUEUED,
        urgency=3,
        progress=0,
        step=None,
        request="secret",
        result=None,
        error=None,
        webhook="https://example.com/secret",
        plan=None,
        node=None,
        attempts=0,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        started_at=None,
        finished_at=None,
        expires_at=None,
    )
    response = accepted(row, Preference(respond_async=asked))
    assert response.status == 202
    assert response.headers["Location"] == "/v1/jobs/j"
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Vary"] == "Accept, Prefer"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers.get("Preference-Applied") == ("respond-async" if asked else None)
    assert json.loads(response.body) == {
        "jobId": "j",
        "status": "queued",
        "progress": 0,
        "step": None,
        "createdAt": "2026-01-01T00:00:00Z",
        "startedAt": None,
        "finishedAt": None,
    }

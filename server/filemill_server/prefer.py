"""How a caller wants to be answered: `Prefer` (RFC 7240) and `Priority` (RFC 9218). Neither is ever an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from filemill_server.answers import VARY, Answer
from filemill_server.jobs.rows import URGENCY, JobRow
from filemill_server.jobs.views import POLL_SECONDS, job_body, job_path

MAX_WAIT_SECONDS = 86_400
"""More is taken for this; a server's own cap is far below it."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
# Possessive all through, and a quote without an end goes to the end: the time grows with the length alone.
_PIECE = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\.?+)*+"?+)++')
_PREFERENCE = re.compile(rf"[ \t]*({_WORD})(?:[ \t]*=[ \t]*({_WORD}|{_QUOTED}))?[ \t]*(?:;.*)?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Preference(Struct, frozen=True):
    """What `Prefer` asks for.

    Fields:
        respond_async: answer with a job rather than let the caller wait.
        wait: seconds that the caller is ready to wait all the same.
    """

    respond_async: bool = False
    wait: int | None = None


def parse_prefer(headers: Iterable[str]) -> Preference:
    """Read the `Prefer` headers of a request. What is unknown or wrong in them is as if it were not there."""
    given: dict[str, str] = {}
    for name, value in (found for header in headers for found in _preferences(header)):
        given.setdefault(name, value)  # of a repeated preference the first one counts
    wait = given.get("wait", "")
    seconds = min(int(wait[:18]), MAX_WAIT_SECONDS) if wait.isascii() and wait.isdigit() else None
    return Preference(given.get("respond-async") == "", seconds)


def _preferences(header: str) -> Iterator[tuple[str, str]]:
    for piece in _PIECE.findall(header):
        if found := _PREFERENCE.fullmatch(piece):
            value = found[2] or ""
            yield found[1].lower(), _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def parse_priority(headers: Iterable[str]) -> int:
    """Read the urgency of a request: from 0, the first, to 7, the last. The default is 3."""
    urgency = URGENCY
    for piece in (piece for header in headers for piece in _PIECE.findall(header)):
        name, _, value = piece.partition(";")[0].strip(" \t").partition("=")
        if name == "u":  # the last one counts
            urgency = int(value) if re.fullmatch("[0-7]", value) else URGENCY
    return urgency


def accepted(row: JobRow, preference: Preference) -> Answer:
    """Answer a request with the job that it has become (NC-05)."""
    headers = {
        "Location": job_path(row.id),
        "Retry-After": str(POLL_SECONDS),
        "Cache-Control": "no-store",
        "Vary": VARY,
    }
    if preference.respond_async:
        headers["Preference-Applied"] = "respond-async"
    return Answer(headers, msgspec.json.encode(job_body(row)))

"""When a message that did not arrive is sent again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between two attempts: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h."""

MAX_ATTEMPTS = len(RETRY_SECONDS) + 1

_JITTER = 0.1
_MAX_LENGTH = 40
_SECONDS = re.compile(r"[0-9]+")


def wait_seconds(attempt: int, *, jitter: float, retry_after: float = 0.0) -> float | None:
    """Return how long to wait after an attempt that failed, or nothing if it was the last.

    Args:
        attempt: its number, from 1.
        jitter: from 0 to 1, drawn anew for each attempt; makes the wait up to a tenth longer.
        retry_after: seconds that the receiver asked for. They never shorten the schedule's own wait, and
            count up to the schedule's longest.
    """
    if not 1 <= attempt <= MAX_ATTEMPTS:
        raise ValueError(f"attempts are numbered from 1 to {MAX_ATTEMPTS}")
    if attempt == MAX_ATTEMPTS:
        return None
    planned = max(float(RETRY_SECONDS[attempt - 1]), min(retry_after, float(RETRY_SECONDS[-1])))
    return planned * (1 + _JITTER * jitter)


def retry_after_seconds(value: str, now: datetime) -> float:
    """Read a `Retry-After` header, seconds or a date; a value that is neither counts as 0 seconds."""
    text = value.strip()
    if len(text) > _MAX_LENGTH:
        return 0.0
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    # An HTTP date is in UTC, also where its zone is left out or written as -0000.
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - now).total_seconds())

"""What `filemill doctor` finds."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class State(Enum):
    """Whether a thing works, is not installed though it could be, or fails though it should work."""

    WORKS = "ok"
    ABSENT = "absent"
    FAILS = "fails"


class Finding(Struct, frozen=True):
    """One thing that was looked at: what it is, its state, details, and what would make it work."""

    subject: str
    state: State
    detail: str
    hint: str = ""


def works(subject: str, detail: str) -> Finding:
    """Return the finding of a thing that works."""
    return Finding(subject, State.WORKS, detail)


def absent(subject: str, detail: str, hint: str) -> Finding:
    """Return the finding of a thing that is not installed, and that filemill can do without."""
    return Finding(subject, State.ABSENT, detail, hint)


def fails(subject: str, detail: str, hint: str = "") -> Finding:
    """Return the finding of a thing that should work."""
    return Finding(subject, State.FAILS, detail, hint)

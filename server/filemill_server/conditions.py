"""Validators and ranges of stored files: which part of them a request is answered with (NC-09…NC-11)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MOST_DIGITS = 18
"""More than any file has bytes; Python refuses to read numbers of thousands of digits."""
_TAG = re.compile(r'(?:W/)?"[^"]*"|\*')


class Version(Struct, frozen=True):
    """What tells one version of a file from another: SHA-256 (hexadecimal), size in bytes, time of change."""

    sha256: str
    size: int
    modified: datetime

    @property
    def etag(self) -> str:
        """The strong validator."""
        return f'"{self.sha256}"'

    @property
    def last_modified(self) -> str:
        """The time of change as an HTTP date."""
        return format_datetime(self.modified.astimezone(UTC).replace(microsecond=0), usegmt=True)

    @property
    def repr_digest(self) -> str:
        """The digest of the whole file (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"


def is_unchanged(version: Version, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the caller already holds this version (304)."""
    if if_none_match is not None:
        tags = [tag.removeprefix("W/") for tag in _TAG.findall(if_none_match)]
        return "*" in tags or version.etag in tags
    since = _date(if_modified_since)
    return since is not None and version.modified.replace(microsecond=0) <= since


def require_match(version: Version, if_match: str | None) -> None:
    """Refuse a write to another version than the one named.

    Raises:
        FilemillError: `PRECONDITION_FAILED`.
    """
    if if_match is not None and not {"*", version.etag} & set(_TAG.findall(if_match)):
        raise FilemillError(ErrorCode.PRECONDITION_FAILED, f"The asset is {version.etag} now; If-Match names another.")


def asked_range(version: Version, range_: str | None, if_range: str | None) -> tuple[int, int] | None:
    """Return the one range to answer with, as start and end (exclusive); None: the whole file.

    Several ranges, other units and malformed ones are answered with the whole file, and so is a range
    whose `If-Range` names another version.

    Raises:
        FilemillError: `RANGE_NOT_SATISFIABLE`.
    """
    match = _RANGE.fullmatch((range_ or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    if if_range is not None and if_range.strip() not in (version.etag, version.last_modified):
        return None
    first, last = (_number(digits) if digits else None for digits in match.groups())
    if first is None:
        assert last is not None
        start, end = max(version.size - last, 0), version.size
        empty = last == 0
    else:
        start, end = first, version.size if last is None else min(last + 1, version.size)
        if last is not None and last < first:
            return None
        empty = start >= version.size
    if empty:
        raise FilemillError(
            ErrorCode.RANGE_NOT_SATISFIABLE, f"The file has {version.size} bytes; the range has none of them."
        )
    return start, end


def _number(digits: str) -> int:
    """Read a number; one of more digits than any file's size is as good as any such."""
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _date(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header) if header else None
    except (ValueError, OverflowError):
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)

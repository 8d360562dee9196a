"""Places in a list, newest first, that a caller gives back for the next page (NC-15)."""

from __future__ import annotations

import base64
import binascii
import re
import struct

from filemill.errors import invalid

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CREATED = struct.Struct("!q")  # the range of the column


def make_cursor(created: int, id: str) -> str:
    """Return the cursor of the page that follows an entry: when it was made, as stored, and its id."""
    return base64.urlsafe_b64encode(_CREATED.pack(created) + id.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[int, str]:
    """Return the time and the id that a cursor holds.

    Raises:
        FilemillError: `INVALID_PARAMETER` where it is none of ours.
    """
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        (created,) = _CREATED.unpack_from(data)
        last = data[_CREATED.size :].decode("ascii")
        if _ID.fullmatch(last):
            return int(created), last
    except (binascii.Error, struct.error, ValueError):
        pass
    raise invalid("/cursor", "It is no cursor of this list; take `nextCursor` of the page before.")

"""Structured fields (RFC 9651), as far as resumable uploads have them: items that are integers or booleans."""

from __future__ import annotations

import re

from filemill_server.wire import HttpRequest

_KEY = r"[a-z*][a-z0-9_.*-]*"
_BARE = r"""(?:
    -?[0-9]{1,12}\.[0-9]{1,3} | @?-?[0-9]{1,15}
    | %?"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"
    | :[A-Za-z0-9+/=]*:
    | \?[01]
    | [A-Za-z*][A-Za-z0-9:/!\#$%&'*+.^_`|~-]*
)"""
_PARAMETERS = rf"(?:;[ ]*{_KEY}(?:={_BARE})?)*"
_BOOLEAN = re.compile(rf"[ ]*\?([01]){_PARAMETERS}[ ]*", re.VERBOSE)
_INTEGER = re.compile(rf"[ ]*(-?[0-9]{{1,15}}){_PARAMETERS}[ ]*", re.VERBOSE)


def field(request: HttpRequest, name: str) -> str | None:
    """Return a field as it is sent; of several lines one value (RFC 9110, 5.3), which is no item of either's."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None


def read_boolean(value: str | None) -> bool | None:
    """Return the boolean of a field; None where there is none: such a field is to be ignored as a whole."""
    found = _BOOLEAN.fullmatch(value or "")
    return None if found is None else found[1] == "1"


def read_count(value: str | None) -> int | None:
    """Return the integer of a field, not negative; None where there is none."""
    found = _INTEGER.fullmatch(value or "")
    return None if found is None or int(found[1]) < 0 else int(found[1])


def boolean(value: bool) -> str:
    """Write a boolean."""
    return "?1" if value else "?0"

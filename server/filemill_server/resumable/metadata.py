"""`Upload-Metadata` of tus: what a client says of its file (NC-06)."""

from __future__ import annotations

import base64
import binascii

from filemill.errors import ErrorCode, FilemillError
from filemill_server.names import DEFAULT_NAME, clean_name

MAX_BYTES = 4096
"""Longest header that is kept with an upload."""
_NAMES = ("filename", "name")


def read_metadata(header: str | None) -> dict[str, bytes]:
    """Read the header: pairs of a key and its value in base64, which may be left out, between commas.

    Raises:
        FilemillError: `BAD_REQUEST` where it is malformed or too long.
    """
    found: dict[str, bytes] = {}
    if header is None or not header.strip():
        return found
    if len(header) > MAX_BYTES:
        raise _malformed(f"it has {len(header)} characters; at most {MAX_BYTES} are allowed")
    for pair in header.split(","):
        key, _, value = pair.strip(" \t").partition(" ")
        if not key or not key.isascii() or not key.isprintable():
            raise _malformed("a key is one or more ASCII characters without spaces and commas")
        if key in found:
            raise _malformed(f"the key {key!r} is given more than once")
        try:
            found[key] = base64.b64decode(value.strip(" "), validate=True)
        except (binascii.Error, ValueError):
            raise _malformed(f"the value of {key!r} is not base64") from None
    return found


def name_in(metadata: dict[str, bytes]) -> str:
    """Return the file's name, by the key `filename` (tus-js-client) or `name` (Uppy)."""
    for key in _NAMES:
        if (name := clean_name(metadata.get(key, b"").decode("utf-8", "replace"))) is not None:
            return name
    return DEFAULT_NAME


def _malformed(why: str) -> FilemillError:
    return FilemillError(ErrorCode.BAD_REQUEST, f"Upload-Metadata: {why}. Right: `filename cGhvdG8uanBn,private`.")

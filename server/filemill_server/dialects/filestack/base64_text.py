"""Base64 as Filestack's clients write it."""

from __future__ import annotations

import base64
import binascii
import re

from filemill_server.dialects.filestack.request import unreadable

_ALPHABETS = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def decode_base64(text: str, what: str) -> bytes:
    """Decode base64 of the standard or the URL-safe alphabet, with its padding or without.

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    if not _ALPHABETS.fullmatch(text):
        raise unreadable(f"{what} is no base64: it has letters, digits, '-', '_' and '=' at its end.")
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise unreadable(f"{what} is no base64: it ends within a character.") from error

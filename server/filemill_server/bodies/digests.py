"""Integrity of request bodies: `Content-Digest` (RFC 9530, NC-09)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from filemill.errors import ErrorCode, FilemillError

_ENTRY = re.compile(r"(?<![a-z0-9-])([a-z0-9-]++)=:([A-Za-z0-9+/=]*+):")
"""Begins nowhere within a name: a long one would be read again from each of its letters."""
_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}


class Digests:
    """Hashes a body while it streams by, where its sender states a digest.

    Args:
        header: the request's `Content-Digest`; unknown algorithms in it are ignored.
    """

    def __init__(self, header: str | None) -> None:
        self._wanted: dict[str, bytes] = {}
        for name, text in _ENTRY.findall(header or ""):
            if name in _ALGORITHMS:
                self._wanted[_ALGORITHMS[name]] = _decoded(text)
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in self._wanted}

    def update(self, data: bytes) -> None:
        """Take more of the body."""
        for running in self._hashes.values():
            running.update(data)

    def verify(self) -> None:
        """Compare with the header; `BAD_REQUEST` where they differ."""
        for name, expected in self._wanted.items():
            if not hmac.compare_digest(self._hashes[name].digest(), expected):
                raise FilemillError(
                    ErrorCode.BAD_REQUEST, f"Content-Digest: the body's {name} is not the one stated; send it again."
                )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise FilemillError(ErrorCode.BAD_REQUEST, "Content-Digest holds a value that is not base64.") from None

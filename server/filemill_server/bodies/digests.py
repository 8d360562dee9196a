"""Integrity of request bodies: `Content-Digest` (RFC 9530) and the fingerprint of idempotency (NC-04, NC-09)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from filemill.errors import ErrorCode, FilemillError

_ENTRY = re.compile(r"([a-z0-9-]+)=:([A-Za-z0-9+/=]*):")
_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}


class Digests:
    """Hashes a body while it streams by, for those digests that somebody asked for.

    Args:
        header: the request's `Content-Digest`; unknown algorithms in it are ignored.
        fingerprint: whether the SHA-256 is wanted in any case.
    """

    def __init__(self, header: str | None, *, fingerprint: bool = False) -> None:
        self._wanted: dict[str, bytes] = {}
        for name, text in _ENTRY.findall(header or ""):
            if name in _ALGORITHMS:
                self._wanted[_ALGORITHMS[name]] = _decoded(text)
        names = set(self._wanted) | ({"sha256"} if fingerprint else set())
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in names}

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

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the body, hexadecimal."""
        return self._hashes["sha256"].hexdigest()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise FilemillError(ErrorCode.BAD_REQUEST, "Content-Digest holds a value that is not base64.") from None

"""`Upload-Checksum` of tus: bytes that are not those its sender meant are not kept (NC-06)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Protocol

from filemill.errors import ErrorCode, FilemillError

ALGORITHMS = ("sha1", "sha256", "sha512", "md5")


class Check(Protocol):
    """Hashes bytes while they come, and says at their end whether they are the right ones."""

    def update(self, data: bytes) -> None:
        """Take more bytes."""

    def verify(self) -> None:
        """Raise a `FilemillError` where they are others."""


class Checksum:
    """A running checksum.

    Args:
        header: `ALGORITHM BASE64`.

    Raises:
        FilemillError: `BAD_REQUEST` where it is malformed or the algorithm is unknown.
    """

    def __init__(self, header: str) -> None:
        name, _, value = header.strip().partition(" ")
        if name not in ALGORITHMS:
            raise _malformed(f"the algorithm {name[:40]!r} is unknown")
        self._hash = hashlib.new(name, usedforsecurity=False)
        try:
            self._wanted = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise _malformed("the digest is not base64") from None
        if len(self._wanted) != self._hash.digest_size:
            raise _malformed(f"a digest of {name} has {self._hash.digest_size} bytes, this one {len(self._wanted)}")

    def update(self, data: bytes) -> None:
        """Take more bytes."""
        self._hash.update(data)

    def verify(self) -> None:
        """Compare; `CHECKSUM_MISMATCH` where they differ."""
        if not hmac.compare_digest(self._hash.digest(), self._wanted):
            raise FilemillError(
                ErrorCode.CHECKSUM_MISMATCH,
                f"The bytes of this request do not have the {self._hash.name} of its Upload-Checksum, and were not "
                "kept; send them again from the same offset.",
            )


def _malformed(why: str) -> FilemillError:
    known = ", ".join(ALGORITHMS)
    return FilemillError(ErrorCode.BAD_REQUEST, f"Upload-Checksum: {why}. Right: `sha1 BASE64`, with one of {known}.")

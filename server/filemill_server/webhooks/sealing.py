"""Secrets that have to be read again, encrypted for the database."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Purpose(Enum):
    """What is sealed: each has a key of its own."""

    WEBHOOK = b"filemill:webhook-secret:1"
    APP = b"filemill:app-secret:1"
    TOKEN = b"filemill:token:1"
    JOB = b"filemill:job:1"
    ANSWER = b"filemill:answer:1"

    @property
    def what(self) -> str:
        """What cannot be read where the key is another one."""
        return _WHAT[self]


_WHAT = {
    Purpose.WEBHOOK: "The secret that signs webhooks",
    Purpose.APP: "The secret that signs policies",
    Purpose.TOKEN: "The token",
    Purpose.JOB: "What the job holds",
    Purpose.ANSWER: "The answer to the first request with this key",
}


class Sealer:
    """Encrypts and reads texts with AES-256-GCM under a key that is derived, by HKDF, from the server's secret.

    Args:
        secret: the server's own; what was sealed under another one can't be read.
        purpose: what is sealed; what was sealed for another purpose can't be read either.
        previous: the secret before: what was sealed under it can be read, and nothing is sealed under it.
    """

    def __init__(self, secret: bytes, purpose: Purpose = Purpose.WEBHOOK, previous: bytes | None = None) -> None:
        self._secrets = [secret] if previous is None else [secret, previous]
        self._purpose = purpose

    def seal(self, text: str, owner: str) -> str:
        """Encrypt a text so that it can be read as this owner's only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._ciphers[0].encrypt(nonce, text.encode(), owner.encode())).decode()

    def open(self, sealed: str, owner: str) -> str:
        """Read what was sealed.

        Raises:
            ValueError: it was sealed under another secret or for another owner, or was changed.
        """
        return self._opened(sealed, owner)[0]

    def renewed(self, sealed: str, owner: str) -> str | None:
        """Seal anew what was sealed under the secret before; None where that isn't needed, or can't be.

        What can't be read stays as it is: the secret that it was sealed under may come back.
        """
        try:
            text, at = self._opened(sealed, owner)
        except ValueError:
            return None
        return self.seal(text, owner) if at else None

    def _opened(self, sealed: str, owner: str) -> tuple[str, int]:
        """Read what was sealed, and tell under which of the secrets."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see below

        refused: Exception | None = None
        for at, cipher in enumerate(self._ciphers):
            try:
                data = base64.b64decode(sealed, validate=True)
                return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], owner.encode()).decode(), at
            except (InvalidTag, binascii.Error) as error:
                refused = error
        raise ValueError(
            f"{self._purpose.what} cannot be read: it was encrypted under another secret of the server."
        ) from refused

    @cached_property
    def _ciphers(self) -> Sequence[AESGCM]:
        # It takes 40 ms to import, and most starts of a command never need it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        return [
            AESGCM(HKDF(SHA256(), length=32, salt=None, info=self._purpose.value).derive(secret))
            for secret in self._secrets
        ]

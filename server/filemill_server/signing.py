"""Signatures of URLs: of assets that may be fetched, and of uploads that may be sent, until a moment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from enum import Enum

from litestar.datastructures import MultiDict
from msgspec import Struct

_EXPIRES = re.compile(r"[1-9][0-9]{0,11}")
_MIN_BYTES = 16


class Use(Enum):
    """What a signature lets its bearer do: fetch an asset, or send uploads on behalf of a key."""

    ASSET = "asset"
    UPLOAD = "upload"


class Sent(Struct, frozen=True):
    """What a signed URL carries: the moment, Unix seconds, the signature, and the key's id where it has one."""

    expires: int
    signature: str
    key: str


class Signer:
    """Signs what may be done until a moment, with HMAC-SHA256.

    Args:
        secret: at least 16 bytes. Everybody who has it can sign.
        previous: the one before. What it signed holds; nothing is signed with it. Without it, whoever changes the
            secret ends all earlier URLs.
    """

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._secrets = [secret] if previous is None else [secret, previous]
        if any(len(one) < _MIN_BYTES for one in self._secrets):
            raise ValueError(f"a signing secret has at least {_MIN_BYTES} bytes")

    def sign(self, id: str, expires: int, use: Use = Use.ASSET) -> str:
        """Return the signature for a thing until `expires`, Unix seconds; 43 base64url characters."""
        return _digest(self._secrets[0], _signed(id, expires, use))

    def token(self, purpose: str, text: str) -> str:
        """Return what only this installation can make of a text, for one purpose; 43 base64url characters.

        Whoever was given it can show it again, so that it needn't be kept.
        """
        return _digest(self._secrets[0], _purposed(purpose, text))

    def verify(self, id: str, expires: int, signature: str, use: Use = Use.ASSET) -> bool:
        """Tell whether a signature is right and its moment has not come; takes the same time for any wrong one."""
        return self._made(_signed(id, expires, use), signature) and time.time() < expires

    def made_token(self, purpose: str, text: str, token: str) -> bool:
        """Tell whether `token` is what this installation made of a text; takes the same time for any wrong one."""
        return self._made(_purposed(purpose, text), token)

    def _made(self, text: str, given: str) -> bool:
        sent = given.encode("utf-8", "replace")
        right = [hmac.compare_digest(_digest(secret, text).encode(), sent) for secret in self._secrets]
        return any(right)  # of a list: the second one is compared whatever the first one was


def signature_in(query: MultiDict[str]) -> Sent | None:
    """Read what a signature has to do with of a query; None where it is absent, stands twice or is spelt otherwise.

    Names and values are compared as they are when escapes have been read, in whatever order they stand. A moment has
    one spelling, so that it can't be written in another way than it was signed.
    """
    expires, signature, key = (query.getall(name, []) for name in ("expires", "signature", "key"))
    if len(expires) != 1 or len(signature) != 1 or len(key) > 1 or not _EXPIRES.fullmatch(expires[0]):
        return None
    return Sent(int(expires[0]), signature[0], key[0] if key else "")


def _signed(id: str, expires: int, use: Use) -> str:
    # The length keeps apart what is signed, whatever an id holds; the first line says what it is for.
    return f"filemill:{use.value}:1\n{len(id)}\n{id}\n{expires}"


def _purposed(purpose: str, text: str) -> str:
    return f"filemill:{purpose}:1\n{text}"


def _digest(secret: bytes, text: str) -> str:
    digest = hmac.digest(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

"""Signatures of asset URLs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time


class Signer:
    """Signs that an asset may be fetched until a moment, with HMAC-SHA256.

    Args:
        secret: at least 16 bytes. Everybody who has it can sign; whoever changes it ends all earlier URLs.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("a signing secret has at least 16 bytes")
        self._secret = secret

    def sign(self, asset_id: str, expires: int) -> str:
        """Return the signature for an asset until `expires`, Unix seconds; 43 base64url characters."""
        # The length keeps apart what is signed, whatever an id holds; the first line says what it is for.
        text = f"filemill:asset:1\n{len(asset_id)}\n{asset_id}\n{expires}"
        digest = hmac.digest(self._secret, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def token(self, purpose: str, text: str) -> str:
        """Return what only this installation can make of a text, for one purpose; 43 base64url characters.

        Whoever was given it can show it again, so that it needn't be kept.
        """
        digest = hmac.digest(self._secret, f"filemill:{purpose}:1\n{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def verify(self, asset_id: str, expires: int, signature: str) -> bool:
        """Tell whether a signature is right and its moment has not come; takes the same time for any wrong one."""
        expected = self.sign(asset_id, expires)
        matches = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
        return matches and time.time() < expires

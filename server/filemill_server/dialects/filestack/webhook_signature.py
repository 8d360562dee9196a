"""The signature of webhooks."""

from __future__ import annotations

import hashlib
import hmac


def signed_headers(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver check a webhook.

    Args:
        secret: of this webhook; not the app's.
        timestamp: of this attempt, Unix seconds; not the one in the body.
        body: the bytes as they are sent.
    """
    signed = f"{timestamp}.".encode() + body
    return {
        "FS-Timestamp": str(timestamp),
        "FS-Signature": hmac.digest(secret.encode(), signed, hashlib.sha256).hex(),
    }

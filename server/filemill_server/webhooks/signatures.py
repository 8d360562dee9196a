"""Secrets and signatures of Standard Webhooks 1.0.0."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64

_MADE_BYTES = 32
_MAX_SECRETS = 2  # the old one and the new one
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
# Without a full stop, which parts what is signed, and without anything that could end a header.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


def make_secret() -> str:
    """Make a new secret, in the form that is shown to the receiver once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_MADE_BYTES)).decode()


def parse_secret(text: str) -> bytes:
    """Read the key of a secret; its base64 may lack the padding.

    Raises:
        ValueError: for anything else than `whsec_` and base64 of 24 to 64 bytes. The message, which never
            holds a part of the secret, may be shown to the caller.
    """
    if not text.startswith(PREFIX):
        raise ValueError(f"A webhook secret begins with {PREFIX}.")
    coded = text.removeprefix(PREFIX)
    padded = coded if coded.endswith("=") else coded + "=" * (-len(coded) % 4)
    if not _BASE64.fullmatch(padded) or len(padded) % 4:
        raise ValueError(f"A webhook secret is {PREFIX} and base64 in the standard alphabet, without spaces.")
    key = base64.b64decode(padded)
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(
            f"A webhook secret holds {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes in base64; this one holds {len(key)}."
        )
    return key


def check_message_id(message_id: str) -> None:
    """Refuse an id that cannot be signed and sent.

    Raises:
        ValueError: for anything else than 1 to 256 letters, digits, hyphens and underscores.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A message's id has 1 to 256 letters, digits, hyphens and underscores.")


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature for each key.

    Args:
        keys: one key, or two while the receiver changes from one to the other.
        message_id: the same in every attempt at one message.
        timestamp: the moment of the attempt, Unix seconds.
        body: the bytes as they are sent.

    Raises:
        ValueError: for no key, for more than two and for an id that cannot be signed.
    """
    if not 1 <= len(keys) <= _MAX_SECRETS:
        raise ValueError("A message is signed with one secret, or with two during a rotation.")
    check_message_id(message_id)
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)

"""What a multipart upload is, carried by its client: nothing of it stands in a table."""

from __future__ import annotations

import time
from typing import TypeVar

import msgspec
from msgspec import Struct

from filemill_server.dialects.filestack.multipart.asked import StoreAsked
from filemill_server.webhooks.sealing import Sealer

UPLOAD_SECONDS = 24 * 3600
"""How long an upload can be gone on with (FS-115)."""
TICKET_SECONDS = 3600
"""How long the URL of one part works (FS-107)."""


class UploadToken(Struct, frozen=True, kw_only=True, array_like=True):
    """An upload that was started.

    Fields:
        tenant: whose it is.
        handle: of the file that it becomes.
        filename, mimetype: as the client says.
        size: bytes of the whole file.
        store: where it is to be kept.
        intelligent: whether parts come in chunks.
        expires: Unix seconds.
        parts_key: what the ids of its parts are made with; nobody but the server reads it.
    """

    tenant: str
    handle: str
    filename: str | None
    mimetype: str | None
    size: int
    store: StoreAsked
    intelligent: bool
    expires: int
    parts_key: str


class Ticket(Struct, frozen=True, kw_only=True, array_like=True):
    """The right to send one part, or one chunk of a part.

    Fields:
        id: of the upload that keeps it.
        tenant: whose it is.
        size: its bytes.
        md5: of them, hexadecimal, where the client has told.
        expires: Unix seconds.
        ends: of the whole upload, Unix seconds.
    """

    id: str
    tenant: str
    size: int
    md5: str | None
    expires: int
    ends: int


T = TypeVar("T", UploadToken, Ticket)


def seal(sealer: Sealer, token: UploadToken | Ticket) -> str:
    """Write a token so that only this installation can make and read it; it can stand in a URL."""
    sealed = sealer.seal(msgspec.json.encode(token).decode(), type(token).__name__)
    return sealed.rstrip("=").replace("+", "-").replace("/", "_")


def unseal(sealer: Sealer, text: str, kind: type[T]) -> T | None:
    """Read a token; None where it is none of this kind. Whether it has expired is for the caller to say."""
    bare = text.replace("-", "+").replace("_", "/")
    try:
        return msgspec.json.decode(sealer.open(bare + "=" * (-len(bare) % 4), kind.__name__), type=kind)
    except ValueError:
        return None


def now() -> int:
    """Return the present, Unix seconds."""
    return int(time.time())


def left(expires: int) -> int:
    """Return the seconds until a moment; negative where it is past."""
    return expires - now()

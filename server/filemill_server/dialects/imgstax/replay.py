"""`output.idempotencyKey`: the same request again gets the same asset, as long as that is there (IX-33)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset
from filemill_server.dialects.imgstax.identity import NAME
from filemill_server.idempotency import Stored
from filemill_server.presence import while_connected
from filemill_server.services import key_of, services_of
from filemill_server.wire import HttpRequest

WAIT_SECONDS = 120.0
"""How long a request waits for the one before it with the same key; longer than that may take."""
_PAUSES = (0.05, 0.1, 0.2, 0.5)


class Kept(NamedTuple):
    """A stored result, and the JSON that tells of it."""

    asset: Asset
    body: bytes


class _Place(NamedTuple):
    tenant: str
    method: str
    path: str
    key: str


async def once(
    request: HttpRequest,
    endpoint: str,
    key: str | None,
    said: Mapping[str, object],
    work: Callable[[], Awaitable[Kept]],
) -> bytes:
    """Do a request, or return what was answered to it before.

    Args:
        request: with a valid key in its state.
        endpoint: its path, wherever this dialect is mounted.
        key: of idempotency.
        said: the body, which tells whether it is the same request.
        work: does it.

    Raises:
        FilemillError: `INVALID_PARAMETER` where the key was used with another body, `CONFLICT` where the request
            before takes too long.
    """
    if key is None:
        return (await work()).body
    store = services_of(request).idempotency
    place = _Place(key_of(request).tenant, "POST", f"{NAME}:{endpoint}", key)
    fingerprint = await asyncio.to_thread(_fingerprint, said)
    if (stored := await while_connected(request, _begin(request, place, fingerprint))) is not None:
        return stored.body
    try:
        asset, body = await work()
        assert asset.expires_at is not None  # every result of this service ends
        left = asset.expires_at - datetime.now(UTC)
        await store.finish(*place, Stored(200, {}, body, asset.id), left)
    except BaseException:
        await store.release(*place)
        raise
    return body


async def _begin(request: HttpRequest, place: _Place, fingerprint: str) -> Stored | None:
    """Take hold of a key, or return what stands under it; wait while another request holds it."""
    services = services_of(request)
    end = time.monotonic() + WAIT_SECONDS
    tries = 0
    while True:
        try:
            stored = await services.idempotency.begin(*place, fingerprint)
        except FilemillError as error:
            if error.code is not ErrorCode.CONFLICT or time.monotonic() > end:
                raise
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
            continue
        if stored is None or await services.assets.get(stored.asset_id or "") is not None:
            return stored
        await services.idempotency.forget(*place, stored)  # its asset was deleted


def _fingerprint(said: Mapping[str, object]) -> str:
    """Return what tells a body from others; in a thread, whose stack is as deep as any body that was read."""
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()

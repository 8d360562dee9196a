"""Results that can be made again: kept under ids that say what they were made of, and made once for all who ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from litestar import Litestar, Response
from litestar.response.base import ASGIResponse
from msgspec import Struct

from filemill_server.assets import Asset, Assets
from filemill_server.keys import Key
from filemill_server.presence import while_connected
from filemill_server.storage import Storage
from filemill_server.wire import HttpRequest

LARGEST_HELD = 256 << 10
"""Bytes of a result that is held in memory."""
MOST_HELD = 64 << 20
"""Bytes that are held in all."""
_ENTRY_BYTES = 4096
"""What an entry takes beside its bytes and those of its request, about."""
BELIEVED_SECONDS = 1.0
"""How long what another process may have changed meanwhile is not looked up again."""

Work = Callable[[], Coroutine[Any, Any, Asset]]


class Line(NamedTuple):
    """What tells a request from others: its path and its query as they came, and the format that it may have."""

    path: bytes
    query: bytes
    format: str | None


class HeldResponse(Response[bytes]):
    """A response that is given again and again, and so made once: to make it takes longer than all else of a hit."""

    def __init__(self, body: bytes, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(body, status_code=200, headers=dict(headers), media_type=media_type)
        self._made = ASGIResponse(body=body, headers=dict(headers), media_type=media_type, status_code=200)

    def to_asgi_response(self, app: Litestar | None, request: HttpRequest, **_: Any) -> ASGIResponse:
        """Return what was made."""
        return self._made


class Ready(Struct, frozen=True):
    """An answer that is held: the asset, its bytes in a response, and the key of those who ask for it."""

    asset: Asset
    response: HeldResponse
    key: Key


class Moment(Struct, frozen=True):
    """When something was looked up: the monotonic clock, and how often assets had changed."""

    time: float
    changes: int


class _Held(Struct, frozen=True):
    ready: Ready
    until: float
    changes: int
    size: int


class _Flight:
    """Work that is going on, and how many wait for it."""

    def __init__(self, work: Coroutine[Any, Any, Asset]) -> None:
        self.task = asyncio.create_task(work)
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may have nobody left
        self.waiting = 0

    async def landed(self) -> Asset:
        """Wait for it; who stops waiting does not end it."""
        return await asyncio.shield(self.task)


class Transforms:
    """The results of one process's requests.

    Args:
        assets: where they are kept.
        storage: where their bytes are.
    """

    def __init__(self, assets: Assets, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage
        self._flights: dict[str, _Flight] = {}
        self._held: dict[Line, _Held] = {}
        self._bytes = 0

    async def make(self, request: HttpRequest, id: str, work: Work) -> Asset:
        """Return the result of an id. Where there is none, it is made, by one of those who ask at once.

        Args:
            request: who asks; work for which nobody waits any more is given up.
            id: of the asset that it is.
            work: makes it and keeps it, under this id.

        Raises:
            FilemillError: whatever kept it from being made.
            ClientGone: the client does not wait any more.
        """
        flight = self._flights.get(id)
        if flight is None:
            flight = self._flights[id] = _Flight(self._found(id, work))
        flight.waiting += 1
        try:
            return await while_connected(request, flight.landed())
        finally:
            flight.waiting -= 1
            if not flight.waiting or flight.task.done():
                flight.task.cancel()
                if self._flights.get(id) is flight:
                    del self._flights[id]

    async def _found(self, id: str, work: Work) -> Asset:
        return await self._assets.get(id) or await work()

    def recall(self, line: Line) -> Ready | None:
        """Return what is held for a request, where nothing can have changed it since it was looked up."""
        held = self._held.get(line)
        if held is None or held.until < time.monotonic() or held.changes != self._assets.changes:
            return None
        return held.ready

    def moment(self) -> Moment:
        """Return when a request begins to be looked at."""
        return Moment(time.monotonic(), self._assets.changes)

    async def hold(
        self, line: Line, asset: Asset, headers: Mapping[str, str], key: Key, since: Moment, seconds: float
    ) -> Ready | None:
        """Hold the answer to a request, and return it; None: it is too large.

        Args:
            line: of the request.
            asset: the result.
            headers: that the answer has.
            key: of who asks.
            since: when the request began to be looked at.
            seconds: how long it may be believed, if that is less than usual.

        Raises:
            FileNotFoundError: the bytes have gone meanwhile.
        """
        if asset.size > LARGEST_HELD:
            return None
        before = self._held.get(line)
        if before is not None and before.ready.asset.storage_name == asset.storage_name:
            body = before.ready.response.content
        else:
            body = b"".join([piece async for piece in self._storage.stream(asset.storage_name)])
        self._drop(line)
        ready = Ready(asset, HeldResponse(body, headers, asset.media_type), key)
        until = since.time + min(seconds, BELIEVED_SECONDS)
        size = asset.size + len(line.path) + len(line.query) + _ENTRY_BYTES
        self._held[line] = _Held(ready, until, since.changes, size)
        self._bytes += size
        while self._bytes > MOST_HELD:
            self._drop(next(iter(self._held)))
        return ready

    def _drop(self, line: Line) -> None:
        held = self._held.pop(line, None)
        if held is not None:
            self._bytes -= held.size

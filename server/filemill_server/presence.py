"""Whether the client is still there: what nobody waits for any more is not worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from filemill_server.wire import ClientGone, HttpRequest

R = TypeVar("R")

GRACE_SECONDS = 1.0
"""How long work goes on when its client is gone: short work ends sooner than a worker process is replaced."""


async def while_connected(request: HttpRequest, work: Coroutine[Any, Any, R]) -> R:
    """Do work and return its result, as long as the client waits for it.

    Args:
        request: whose body has been read.
        work: is cancelled a moment after the client has gone.

    Raises:
        ClientGone: it was cancelled.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await asyncio.wait((working,), timeout=GRACE_SECONDS)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnect(request: HttpRequest) -> None:
    """Wait until the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

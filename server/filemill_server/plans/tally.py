"""Counts of what nothing limits: nobody waits for them, and what comes while one is written shares the next write."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from filemill_server.database import Database
from filemill_server.outages import patiently
from filemill_server.plans.counts import Account, Counts
from filemill_server.plans.windows import day_of


class Tally:
    """Units on their way into the database.

    Each is written as soon as the write before it has ended, so that a process that is killed loses a moment's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Counter[tuple[Account, datetime]] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def add(self, account: Account, units: int, now: datetime) -> None:
        """Count units, later."""
        self._waiting[account, day_of(now)] += units
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def settle(self) -> None:
        """Wait until all is written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            heap, self._waiting = self._waiting, Counter()
            # In one order, so that two processes never wait for each other's rows.
            await patiently(partial(self._database.run, partial(_count, sorted(heap.items()))))


def _count(heap: Sequence[tuple[tuple[Account, datetime], int]], connection: Connection) -> None:
    for (account, day), units in heap:
        Counts(connection, account, day).add(month=units, day=units)

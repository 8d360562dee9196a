"""The right of one request to change a partial upload, among all nodes of one database.

It lasts a few seconds and is renewed while the request lives, by the clock of the database: what a dead node held
is free soon. Whoever else wants the upload says so in its row, and a request that still receives bytes then keeps
those that came and makes way: most likely its own client has lost the connection and is back on another.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import Connection, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.tables import partial_uploads, to_stored

LEASE_SECONDS = 10
"""After so long without a sign of life an upload is taken from its holder."""
WAIT_SECONDS = 15.0
"""How long a request waits for another one to let go."""
RENEW_SECONDS = 1.0
_POLL_SECONDS = 0.1
_MICROSECONDS = 1_000_000

_row = partial_uploads.c


class Lease:
    """An upload that is held by this request.

    Attributes:
        holder: what its row says.
    """

    def __init__(self, database: Database, id: str, holder: str) -> None:
        self.holder = holder
        self._database = database
        self._id = id
        self._ended: FilemillError | None = None
        self._waiting: asyncio.Timeout | None = None

    async def next_of(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """Wait for more bytes, until somebody else wants the upload; None at their end.

        Raises:
            FilemillError: `CONFLICT` where somebody does, `NOT_FOUND` where it has gone.
        """
        if self._ended is not None:
            raise self._ended
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await anext(chunks, None)
        except TimeoutError:
            raise self._why() from None
        finally:
            self._waiting = None

    def _why(self) -> FilemillError:
        return self._ended or _taken()

    async def renew(self) -> None:
        """Hold it while this runs; who waits for bytes is told when it is wanted or lost."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(SQLAlchemyError):  # while the database is away nobody can take it either
                self._note(await self._database.run(self._prolong))

    def _note(self, wanted: bool | None) -> None:
        if wanted is False or self._ended is not None:
            return
        self._ended = _taken() if wanted else _gone()
        if self._waiting is not None:
            self._waiting.reschedule(0)

    def _prolong(self, connection: Connection) -> bool | None:
        """Return whether somebody wants it; None: it is held no longer."""
        query = update(partial_uploads).where(_row.id == self._id, _row.holder == self.holder)
        query = query.values(held_until=_now(connection) + LEASE_SECONDS * _MICROSECONDS)
        return connection.execute(query.returning(_row.wanted)).scalar_one_or_none()


@asynccontextmanager
async def hold(database: Database, id: str, process: str) -> AsyncIterator[Lease]:
    """Hold an upload; where another request does, ask it to let go and wait.

    Raises:
        FilemillError: `NOT_FOUND`; `CONFLICT` where the other request does not let go in time.
    """
    holder = f"{process}:{secrets.token_hex(8)}"
    until = time.monotonic() + WAIT_SECONDS
    while not await database.run(lambda connection: _take(connection, id, holder)):
        if time.monotonic() > until:
            raise FilemillError(
                ErrorCode.CONFLICT, "Another request is busy with this upload; try again.", retry_after=1
            )
        await asyncio.sleep(_POLL_SECONDS)
    lease = Lease(database, id, holder)
    renewing = asyncio.create_task(lease.renew())
    try:
        yield lease
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        query = update(partial_uploads).where(_row.id == id, _row.holder == holder).values(holder=None, wanted=False)
        await database.run(lambda connection: connection.execute(query))


def _take(connection: Connection, id: str, holder: str) -> bool:
    now = _now(connection)
    own = update(partial_uploads).where(_row.id == id)
    free = own.where(or_(_row.holder.is_(None), _row.held_until < now))
    values = {"holder": holder, "held_until": now + LEASE_SECONDS * _MICROSECONDS, "wanted": False}
    if connection.execute(free.values(values)).rowcount == 1:
        return True
    if connection.execute(own.values(wanted=True)).rowcount == 0:
        raise _gone()
    return False


def _now(connection: Connection) -> int:
    """The time by the clock that all nodes share; with SQLite they share the machine's."""
    if connection.dialect.name == "sqlite":
        return to_stored(datetime.now(UTC))
    now = select(text("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"))
    return int(connection.execute(now).scalar_one())


def _gone() -> FilemillError:
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")


def _taken() -> FilemillError:
    return FilemillError(
        ErrorCode.CONFLICT,
        "Another request goes on with this upload; what came before it is kept. Ask for the offset.",
        retry_after=1,
    )

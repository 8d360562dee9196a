"""What users see of a job: one row, whatever engine runs it.

The engine runs a job at least once, so every change here may come twice, from two processes. A job's first
final state stays, and nothing moves it afterwards.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, Update, func, insert, select, update

from filemill_server.database import Database
from filemill_server.tables import from_stored, jobs, to_stored


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_LIVE = (State.QUEUED, State.RUNNING)


class JobRow(Struct, frozen=True, kw_only=True):
    """A job. Its request, result and error are JSON texts; times are UTC, whole seconds."""

    id: str
    tenant: str
    state: State
    progress: float
    step: str | None
    request: str
    result: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobStore:
    """The rows of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, id: str, tenant: str, request: str) -> None:
        """Keep a job that waits to be started."""
        row = insert(jobs).values(
            id=id, tenant=tenant, state=State.QUEUED, progress=0.0, request=request, created_at=_now()
        )
        await self._database.run(lambda connection: connection.execute(row))

    async def get(self, id: str, tenant: str) -> JobRow | None:
        """Return a tenant's job; None for one that is unknown or another's."""
        query = select(jobs).where(jobs.c.id == id, jobs.c.tenant == tenant)

        def read(connection: Connection) -> JobRow | None:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else _job(row)

        return await self._database.read(read)

    async def start(self, id: str) -> bool:
        """Mark a job as running; its first start is the one that is kept.

        Returns:
            Whether it is to be done: not if it ended before.
        """
        started_at = func.coalesce(jobs.c.started_at, _now())
        return await self._change(_live(id).values(state=State.RUNNING, started_at=started_at))

    async def advance(self, id: str, progress: float, step: str | None) -> bool:
        """Say how far a running job is; False if it no longer runs."""
        statement = update(jobs).where(jobs.c.id == id, jobs.c.state == State.RUNNING)
        return await self._change(statement.values(progress=progress, step=step))

    async def succeed(self, id: str, result: str) -> bool:
        """End a job with its result; False if it ended before, and then nothing changes."""
        return await self._end(id, State.SUCCEEDED, progress=1.0, result=result)

    async def fail(self, id: str, error: str) -> bool:
        """End a job with the reason why it failed; False if it ended before, and then nothing changes."""
        return await self._end(id, State.FAILED, error=error)

    async def cancel(self, id: str) -> bool:
        """End a job that nobody wants any more; False if it ended before, and then nothing changes."""
        return await self._end(id, State.CANCELLED)

    async def _end(self, id: str, state: State, **values: object) -> bool:
        return await self._change(_live(id).values(state=state, finished_at=_now(), step=None, **values))

    async def _change(self, statement: Update) -> bool:
        return await self._database.run(lambda connection: connection.execute(statement).rowcount == 1)


def _live(id: str) -> Update:
    return update(jobs).where(jobs.c.id == id, jobs.c.state.in_(_LIVE))


def _now() -> int:
    return to_stored(datetime.now(UTC))


def _job(row: RowMapping) -> JobRow:
    values: dict[str, Any] = dict(row)
    for name in ("created_at", "started_at", "finished_at"):
        values[name] = None if values[name] is None else from_stored(values[name])
    return JobRow(**values | {"state": State(values["state"])})

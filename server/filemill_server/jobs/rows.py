"""Jobs as they are kept: their states, what is known of them, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Executable, RowMapping, bindparam, case, func, select

from filemill_server.tables import from_stored, jobs

KEEP = timedelta(hours=24)
"""How long a job's row is kept after its end."""
URGENCY = 3
"""Of a job that says nothing about it (RFC 9218)."""


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing follows it."""
        return self not in LIVE


LIVE = (State.QUEUED, State.RUNNING)


class NewJob(Struct, frozen=True, kw_only=True):
    """A job that is to be kept: `order` is JSON, the other fields are columns of the table."""

    id: str
    tenant: str
    order: str
    urgency: int = URGENCY
    webhook: str | None = None
    plan: str | None = None
    parent: str | None = None
    position: int = 0
    parts: int = 0


class JobRow(Struct, frozen=True, kw_only=True):
    """A job. Its request, result and error are JSON texts; times are UTC, whole seconds.

    The request is there for who runs the job, and not in lists.

    A batch is `running` from the start of its first part, and as far as they are together.
    """

    id: str
    tenant: str
    parent: str | None
    position: int
    parts: int
    parts_left: int
    state: State
    urgency: int
    progress: float
    step: str | None
    request: str | None
    result: str | None
    error: str | None
    webhook: str | None
    plan: str | None
    node: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None


_TIMES = ("created_at", "started_at", "finished_at", "expires_at")
PART = jobs.alias("part")
_OF_BATCH = select(
    func.avg(case((PART.c.state.in_(LIVE), PART.c.progress), else_=1.0)).label("progress"),
    func.min(PART.c.started_at).label("started_at"),
).where(PART.c.parent == bindparam("batch"))


def read_jobs(connection: Connection, statement: Executable) -> Sequence[JobRow]:
    """Return the jobs that a statement gives."""
    return read_page(connection, connection.execute(statement).mappings().all())


def read_page(connection: Connection, rows: Sequence[RowMapping]) -> Sequence[JobRow]:
    """Return the jobs of rows; a batch that goes on is as far as its parts are."""
    return [_job(connection, row) for row in rows]


def _job(connection: Connection, row: RowMapping) -> JobRow:
    values = dict(row)
    if values["parts"] and values["state"] in LIVE:
        together = connection.execute(_OF_BATCH, {"batch": values["id"]}).mappings().one()
        if together["started_at"] is not None:
            values |= {"state": State.RUNNING, **together}
    return read_row(values)


def read_row(row: Mapping[str, Any]) -> JobRow:
    """Return the job of a row, as it is stored."""
    values: dict[str, Any] = {name: row.get(name) for name in JobRow.__struct_fields__}
    for name in _TIMES:
        values[name] = None if values[name] is None else from_stored(values[name])
    return JobRow(**values | {"state": State(values["state"])})

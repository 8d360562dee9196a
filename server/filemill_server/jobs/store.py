"""What users see of a job: one row, whatever engine runs it.

The engine runs a job at least once, so every change here may come twice, from two processes. A job's first
final state stays, and nothing moves it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from filemill_server.cursors import make_cursor, read_cursor
from filemill_server.database import Database
from filemill_server.jobs.terms import Term, term_of
from filemill_server.jobs.work import Assembly, Order, Work, decode_order
from filemill_server.tables import files, from_stored, jobs, to_stored

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
        return self not in _LIVE


_LIVE = (State.QUEUED, State.RUNNING)


class NewJob(Struct, frozen=True, kw_only=True):
    """A job that is to be kept: `order` is JSON, the other fields are columns of the table."""

    id: str
    tenant: str
    order: str
    urgency: int = URGENCY
    webhook: str | None = None
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
    node: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None


_INSERT = insert(jobs)
_FILE = insert(files)
_EMPTY: dict[str, Any] = {column.name: None for column in jobs.columns} | {
    "state": State.QUEUED,
    "progress": 0.0,
    "announced": False,
    "attempts": 0,
}
_TERM = update(files).where(files.c.id == bindparam("file")).values(expires_at=bindparam("end"))
# Without the request, which may be long and which only who runs the job reads.
_SHOWN = select(*(column for column in jobs.columns if column is not jobs.c.request))
_TIMES = ("created_at", "started_at", "finished_at", "expires_at")
_PART = jobs.alias("part")
_OF_BATCH_START = select(func.min(_PART.c.started_at))
_OF_BATCH = select(
    func.avg(case((_PART.c.state.in_(_LIVE), _PART.c.progress), else_=1.0)).label("progress"),
    func.min(_PART.c.started_at).label("started_at"),
).where(_PART.c.parent == bindparam("batch"))


class JobStore:
    """The rows of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, *new: NewJob, uploads: Sequence[Mapping[str, Any]] = ()) -> Sequence[JobRow]:
        """Keep jobs that wait to be started, all or none of them, and return them.

        Args:
            new: the jobs.
            uploads: rows of the files that came with them, whose bytes are in the store.
        """
        now = _now()
        # A list in order of creation has them in this order.
        rows = [_EMPTY | _columns(job) | {"created_at": now + index} for index, job in enumerate(new)]

        def enter(connection: Connection) -> None:
            if uploads:
                connection.execute(_FILE, list(uploads))
            connection.execute(_INSERT, rows)

        await self._database.run(enter)
        return [_read(row) for row in rows]

    async def get(self, id: str, tenant: str | None = None) -> JobRow | None:
        """Return a job, of this tenant where one is given; None for one that is unknown, expired or another's."""
        query = select(jobs).where(jobs.c.id == id, _unexpired())
        if tenant is not None:
            query = query.where(jobs.c.tenant == tenant)
        found = await self._rows(query)
        return found[0] if found else None

    async def get_many(self, ids: Sequence[str]) -> Sequence[JobRow]:
        """Return those of some jobs that are there, in any order."""
        return await self._rows(_SHOWN.where(jobs.c.id.in_(ids)))

    async def parts(self, id: str) -> Sequence[JobRow]:
        """Return the parts of a batch, in order."""
        return await self._rows(_SHOWN.where(jobs.c.parent == id).order_by(jobs.c.position))

    async def list_parts(
        self, id: str, *, cursor: str | None = None, limit: int = 100, state: State | None = None
    ) -> tuple[Sequence[JobRow], str | None]:
        """Return a page of the parts of a batch, in order, and the next page's cursor.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        query = _SHOWN.where(jobs.c.parent == id)
        if state is not None:
            query = query.where(jobs.c.state == state)
        if cursor is not None:
            after, _ = read_cursor(cursor)
            query = query.where(jobs.c.position > after)
        rows = await self._rows(query.order_by(jobs.c.position).limit(limit + 1))
        page = rows[:limit]
        return page, make_cursor(page[-1].position, page[-1].id) if len(rows) > limit else None

    async def list(
        self, tenant: str, *, cursor: str | None = None, limit: int = 100, state: State | None = None
    ) -> tuple[Sequence[JobRow], str | None]:
        """Return a page of a tenant's jobs without the parts of batches, newest first, and the next page's cursor.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        query = _SHOWN.where(jobs.c.tenant == tenant, jobs.c.parent.is_(None), _unexpired())
        if state is not None:
            query = query.where(jobs.c.state == state)
        if cursor is not None:
            created, last = read_cursor(cursor)
            query = query.where(or_(jobs.c.created_at < created, and_(jobs.c.created_at == created, jobs.c.id < last)))
        query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit + 1)

        def read(connection: Connection) -> tuple[Sequence[JobRow], str | None]:
            rows = connection.execute(query).mappings().all()
            page = rows[:limit]
            following = make_cursor(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None
            return [_job(connection, row) for row in page], following

        return await self._database.read(read)

    async def begin(self, id: str, node: str) -> JobRow | None:
        """Mark a job as run by a process, once more; its first start is the one that is kept.

        Returns:
            The job; None if it ended before.
        """
        statement = (
            update(jobs)
            .where(jobs.c.id == id, jobs.c.state.in_(_LIVE))
            .values(
                state=State.RUNNING,
                node=node,
                attempts=jobs.c.attempts + 1,
                started_at=func.coalesce(jobs.c.started_at, _now()),
            )
            .returning(jobs)
        )

        begun = await self._database.run(lambda connection: read_jobs(connection, statement))
        return begun[0] if begun else None

    async def succeed(
        self, id: str, result: str, made: Sequence[Mapping[str, Any]] = (), term: Term | None = None
    ) -> bool:
        """End a job with its result, and keep the files that it made, in one transaction.

        Args:
            id: of the job.
            result: JSON.
            made: rows of the files, whose bytes are in the store.
            term: of files that others made.

        Returns:
            False if it ended before; nothing changes then, and the bytes belong to nobody.
        """
        return await self._end(id, State.SUCCEEDED, made, term, progress=1.0, result=result)

    async def fail(self, id: str, error: str) -> bool:
        """End a job with the reason why it failed, as JSON; False if it ended before: then nothing changes."""
        return await self._end(id, State.FAILED, error=error)

    async def cancel(self, id: str) -> bool:
        """End a job that nobody wants any more, and its parts; False if it ended before: then nothing changes."""
        return await self._end(id, State.CANCELLED)

    async def _end(
        self,
        id: str,
        state: State,
        made: Sequence[Mapping[str, Any]] = (),
        term: Term | None = None,
        **values: object,
    ) -> bool:
        return await self._database.run(lambda connection: _end_in(connection, id, state, made, term, values))

    async def _rows(self, query: Select[Any]) -> Sequence[JobRow]:
        return await self._database.read(lambda connection: read_jobs(connection, query))


def _end_in(
    connection: Connection,
    id: str,
    state: State,
    made: Sequence[Mapping[str, Any]],
    term: Term | None,
    values: Mapping[str, object],
) -> bool:
    parent = connection.execute(select(jobs.c.parent).where(jobs.c.id == id)).scalar_one_or_none()
    if parent is not None:  # always first: two that hold a batch and its part each would wait for one another
        connection.execute(select(jobs.c.id).where(jobs.c.id == parent).with_for_update())
    query = select(jobs.c.request, jobs.c.parts, jobs.c.parts_left).where(jobs.c.id == id, jobs.c.state.in_(_LIVE))
    before = connection.execute(query.with_for_update()).one_or_none()
    if before is None:
        return False
    now = datetime.now(UTC)
    order = decode_order(before.request)
    owned = _owned(order)
    if before.parts_left:
        owned += _cancel_parts(connection, id, now)
    if made:
        connection.execute(_FILE, list(made))
    if isinstance(order, Assembly) and state is State.CANCELLED:
        results = connection.execute(select(jobs.c.result).where(jobs.c.parent == id, jobs.c.result.is_not(None)))
        term = term_of(order, map(msgspec.json.decode, results.scalars()), now)
    if term is not None and term.files:
        connection.execute(_TERM, [{"file": file, "end": term.stored_end} for file in term.files])
    # A part goes with its batch, which asks for its result.
    expires = None if parent is not None else to_stored(now + KEEP)
    ending: dict[str, object] = {"state": state, "finished_at": to_stored(now), "expires_at": expires, "step": None}
    if before.parts:
        connection.execute(update(jobs).where(jobs.c.parent == id).values(expires_at=expires))
        ending["started_at"] = _OF_BATCH_START.where(_PART.c.parent == id).scalar_subquery()
    # The request goes: it may hold what opens a source or a document.
    connection.execute(update(jobs).where(jobs.c.id == id).values(**ending, request=None, **values))
    if owned:
        connection.execute(_TERM, [{"file": file, "end": to_stored(now)} for file in owned])
    if parent is not None:
        left = jobs.c.parts_left - 1
        connection.execute(update(jobs).where(jobs.c.id == parent).values(parts_left=left))
    return True


def _cancel_parts(connection: Connection, batch: str, now: datetime) -> list[str]:
    """Cancel the parts of a batch that have not ended, all at once, and return the uploads that were theirs."""
    live = and_(jobs.c.parent == batch, jobs.c.state.in_(_LIVE))
    requests = connection.execute(select(jobs.c.request).where(live).with_for_update()).scalars().all()
    ending = {"state": State.CANCELLED, "finished_at": to_stored(now), "step": None, "request": None}
    connection.execute(update(jobs).where(live).values(ending))
    connection.execute(update(jobs).where(jobs.c.id == batch).values(parts_left=0))
    return [file for request in requests for file in _owned(decode_order(request))]


def _owned(order: Order) -> list[str]:
    """Return the uploads that go with a job."""
    return [*order.files, *order.parts.values()] if isinstance(order, Work) else list(order.uploads)


def read_jobs(connection: Connection, statement: Executable) -> Sequence[JobRow]:
    """Return the jobs that a statement gives."""
    return [_job(connection, row) for row in connection.execute(statement).mappings().all()]


def _unexpired() -> ColumnElement[bool]:
    return or_(jobs.c.expires_at.is_(None), jobs.c.expires_at > _now())


def _now() -> int:
    return to_stored(datetime.now(UTC))


def _columns(job: NewJob) -> dict[str, Any]:
    columns: dict[str, Any] = asdict(job)
    return columns | {"request": columns.pop("order"), "parts_left": job.parts}


def _job(connection: Connection, row: RowMapping) -> JobRow:
    values = dict(row)
    if values["parts"] and values["state"] in _LIVE:
        together = connection.execute(_OF_BATCH, {"batch": values["id"]}).mappings().one()
        if together["started_at"] is not None:
            values |= {"state": State.RUNNING, **together}
    return _read(values)


def _read(row: Mapping[str, Any]) -> JobRow:
    values: dict[str, Any] = {name: row.get(name) for name in JobRow.__struct_fields__}
    for name in _TIMES:
        values[name] = None if values[name] is None else from_stored(values[name])
    return JobRow(**values | {"state": State(values["state"])})

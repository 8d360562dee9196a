"""What users see of a job: one row, whatever engine runs it.

The engine runs a job at least once, so every change here may come twice, from two processes. A job's first
final state stays, and nothing moves it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from filemill.errors import ErrorCode, FilemillError
from filemill_server.cursors import make_cursor, read_cursor
from filemill_server.database import Database
from filemill_server.jobs.ending import Ending, end_job
from filemill_server.jobs.rows import LIVE, JobRow, NewJob, State, read_jobs, read_page, read_row
from filemill_server.jobs.terms import Term
from filemill_server.jobs.texts import JobTexts
from filemill_server.jobs.work import Order
from filemill_server.tables import files, jobs, to_stored
from filemill_server.webhooks.sealing import Sealer

Pay = Callable[[Connection], object]

_INSERT = insert(jobs)
_FILE = insert(files)
_EMPTY: dict[str, Any] = {column.name: None for column in jobs.columns} | {
    "state": State.QUEUED,
    "progress": 0.0,
    "announced": False,
    "attempts": 0,
}
# Without the request, which may be long and which only who runs the job reads.
_SHOWN = select(*(column for column in jobs.columns if column is not jobs.c.request))


class JobStore:
    """The rows of jobs.

    Args:
        database: the database.
        sealer: encrypts what jobs have to do and what came of them; without it they are kept as they are.

    Attributes:
        texts: encrypts and reads what opens something.
    """

    def __init__(self, database: Database, sealer: Sealer | None = None) -> None:
        self._database = database
        self.texts = JobTexts(sealer)

    async def add(
        self, *new: NewJob, uploads: Sequence[Mapping[str, Any]] = (), pay: Pay | None = None
    ) -> Sequence[JobRow]:
        """Keep jobs that wait to be started, all or none of them, and return them.

        Args:
            new: the jobs.
            uploads: rows of the files that came with them, whose bytes are in the store.
            pay: takes what they cost, in the same transaction; where it raises it has changed nothing.

        Raises:
            FilemillError: what `pay` raised; there are no jobs then.
        """
        now = _now()
        # A list in order of creation has them in this order.
        rows = [_EMPTY | self._columns(job) | {"created_at": now + index} for index, job in enumerate(new)]

        def enter(connection: Connection) -> FilemillError | None:
            try:
                if pay is not None:
                    pay(connection)
            except FilemillError as refusal:  # given back, not raised: that would undo what shares this commit
                return refusal
            if uploads:
                connection.execute(_FILE, list(uploads))
            connection.execute(_INSERT, rows)
            return None

        refusal = await self._database.run(enter)
        if refusal is not None:
            raise refusal
        return self._opened([read_row(row) for row in rows])

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
            return read_page(connection, page), following

        found, following = await self._database.read(read)
        return self._opened(found), following

    async def begin(self, id: str, node: str) -> JobRow | None:
        """Mark a job as run by a process, once more; its first start is the one that is kept.

        Returns:
            The job; None if it ended before.
        """
        statement = (
            update(jobs)
            .where(jobs.c.id == id, jobs.c.state.in_(LIVE))
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

    def order_of(self, row: JobRow) -> Order:
        """Return what a job that was begun has to do.

        Raises:
            FilemillError: `INTERNAL_ERROR` where it can't be read any more.
        """
        assert row.request is not None  # it goes with the job's end
        order = self.texts.order(row.request, row.id)
        if order is None:
            raise FilemillError(ErrorCode.INTERNAL_ERROR, "The job was encrypted under another secret of the server.")
        return order

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
        kept = self.texts.close(result, id)
        return await self._end(id, State.SUCCEEDED, made, term, progress=1.0, result=kept)

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
        ending = Ending(id, state, made, term, values)
        return await self._database.run(lambda connection: end_job(connection, ending, self.texts))

    async def _rows(self, query: Select[Any]) -> Sequence[JobRow]:
        return self._opened(await self._database.read(lambda connection: read_jobs(connection, query)))

    def _opened(self, rows: Sequence[JobRow]) -> Sequence[JobRow]:
        return [self._shown(row) for row in rows]

    def _shown(self, row: JobRow) -> JobRow:
        opened = {
            name: None if kept is None else self.texts.open(kept, row.id)
            for name, kept in (("result", row.result), ("webhook", row.webhook))
        }
        return replace(row, **opened)

    def _columns(self, job: NewJob) -> dict[str, Any]:
        columns: dict[str, Any] = asdict(job)
        order = self.texts.close(columns.pop("order"), job.id)
        webhook = None if job.webhook is None else self.texts.close(job.webhook, job.id)
        return columns | {"request": order, "webhook": webhook, "parts_left": job.parts}


def _unexpired() -> ColumnElement[bool]:
    return or_(jobs.c.expires_at.is_(None), jobs.c.expires_at > _now())


def _now() -> int:
    return to_stored(datetime.now(UTC))

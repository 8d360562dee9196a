"""Waiting for what becomes of jobs, whichever process runs them: many wait, one query looks for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress

import structlog

from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.views import missing_job

TICK_SECONDS = 0.25
"""Between looks at all jobs that somebody waits for."""
_MOST_AT_ONCE = 1000  # ids in a query; databases take some ten thousand

log = structlog.get_logger("filemill.jobs")


class _Watched:
    """A job that somebody waits for.

    Attributes:
        row: as it was read last; None: it must be read again.
        gone: it is in the database no more.
        watchers: how many wait for it.
        changed: set, and replaced, when one of the above has changed.
    """

    def __init__(self) -> None:
        self.row: JobRow | None = None
        self.gone = False
        self.watchers = 0
        self.changed = asyncio.Event()

    def wake(self) -> None:
        """Let those who wait look at it."""
        self.changed.set()
        self.changed = asyncio.Event()


class Watch:
    """Tells of the changes of jobs. It reads the database, so that the jobs may run anywhere.

    While the database can't be read those who wait go on waiting.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._jobs: dict[str, _Watched] = {}
        self._due: set[str] = set()
        self._is_due = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    async def wait(self, id: str, seconds: float) -> JobRow:
        """Return a job as soon as it has ended, or as it is after a time.

        Raises:
            FilemillError: `NOT_FOUND`.
        """
        row = None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), aclosing(self.changes(id)) as changes:
                async for change in changes:
                    row = change
        row = row or await self._store.get(id)
        if row is None:
            raise missing_job()
        return row

    async def changes(self, id: str, again_seconds: float | None = None) -> AsyncGenerator[JobRow]:
        """Give a job as it is now, and after every change of what callers see, until it has ended.

        Who takes their time gets the latest state: those in between are passed over. It ends early where the
        job is gone, and when the server is about to end.

        Args:
            id: of the job.
            again_seconds: give the same object again where nothing changes for so long.
        """
        if self._closed.is_set():
            return
        clock = asyncio.get_running_loop().time
        with self._watched(id) as job:
            given: JobRow | None = None
            again = None
            while not (self._closed.is_set() or job.gone):
                changed, row = job.changed, job.row
                if row is not None and (given is None or _seen(row) != _seen(given)):
                    given = row
                    yield row
                    if row.state.final:
                        return
                    again = None if again_seconds is None else clock() + again_seconds
                    continue
                try:
                    async with asyncio.timeout_at(again):
                        await changed.wait()
                except TimeoutError:
                    if given is not None and again_seconds is not None:
                        yield given
                        again = clock() + again_seconds

    def tell(self, *ids: str) -> None:
        """Have some jobs looked at now: they have changed. Called in the event loop of those who wait."""
        due = self._jobs.keys() & ids
        if due:
            self._due.update(due)
            self._is_due.set()

    def close(self) -> None:
        """End all waiting, now and from now on."""
        self._closed.set()
        if self._following is not None:
            self._following.cancel()
        for job in self._jobs.values():
            job.wake()

    @contextmanager
    def _watched(self, id: str) -> Iterator[_Watched]:
        job = self._jobs.setdefault(id, _Watched())
        job.watchers += 1
        job.row = None  # what was read for others may be a tick old
        self.tell(id)
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        try:
            yield job
        finally:
            job.watchers -= 1
            if not job.watchers:
                del self._jobs[id]

    async def _follow(self) -> None:
        """Look at the jobs, every tick at all of them, while somebody waits for one."""
        clock = asyncio.get_running_loop().time
        next_tick = clock() + TICK_SECONDS
        failing = False
        while self._jobs:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_tick):
                    await self._is_due.wait()
            if clock() >= next_tick:
                next_tick = clock() + TICK_SECONDS
                self._due.update(self._jobs)
            ids = list(self._due & self._jobs.keys())
            self._due.clear()
            self._is_due.clear()
            try:
                for start in range(0, len(ids), _MOST_AT_ONCE):
                    await self._look(ids[start : start + _MOST_AT_ONCE])
            except Exception as error:
                if not failing:
                    log.warning("jobs_not_read", exc_info=error)
                failing = True
            else:
                failing = False

    async def _look(self, ids: Sequence[str]) -> None:
        found = {row.id: row for row in await self._store.get_many(ids)}
        for asked in ids:
            job, row = self._jobs.get(asked), found.get(asked)
            if job is None:
                continue
            if row is None:
                job.gone = True
                job.wake()
            elif job.row is None or _seen(row) != _seen(job.row):
                job.row = row
                job.wake()


def _seen(row: JobRow) -> tuple[object, ...]:
    """Return what callers see change."""
    return row.state, row.progress, row.step, row.parts_left

"""DBOS, which keeps work going over the end of a process: everything of it that this server uses is here.

Two workflows: `jobs` runs jobs that were taken at once, `notify` delivers the message to the webhook of one. What
DBOS writes down of a workflow is a good part of what a short job costs: so jobs that are taken at once share one.
DBOS takes 0.8 s of CPU and 54 MB to import: it is imported when an engine is opened, which is when the server
answers already.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filemill_server.database import IDLE_SECONDS
from filemill_server.database_url import database_url
from filemill_server.webhooks.workflow import register

if TYPE_CHECKING:
    from dbos import DBOS

VERSION = "1"
"""Of the workflows. While it stays, what an older release began is finished by a newer one, and the other way
round; a workflow that is changed so that it can't go on with what an older one recorded needs another one."""
_JOBS = "jobs"
_NOTICE = "notice-"
_THREADS = 16
_PAGE = 500
_RECOVERIES = 1_000_000  # the rows of jobs count the attempts; deploying a server is none of them

R = TypeVar("R")
Work = Callable[[Sequence[str]], Awaitable[None]]
Attempt = Callable[[str, int], Awaitable[float | None]]


@dataclass(frozen=True)
class Engine:
    """Durable workflows of this process; there is one a process.

    Made by `open`. All calls belong to the event loop that it was opened in.
    """

    _dbos: type[DBOS]
    _jobs: Callable[[list[str]], Coroutine[Any, Any, None]]
    _notice: Callable[[str], Coroutine[Any, Any, None]]

    @classmethod
    async def open(cls, url: str, node: str, work: Work, attempt: Attempt) -> Engine:
        """Open the engine's tables and begin to work.

        Args:
            url: of the database of the engine, SQLite or PostgreSQL.
            node: a name for this process that no earlier or other one has.
            work: runs jobs, given their ids; it may be called again for jobs that another process began.
            attempt: makes one attempt at delivering a job's notice, given its id and the attempt's number from
                1; returns the seconds to wait for the next one, None where it is over.
        """
        loop = asyncio.get_running_loop()

        async def working(jobs: Sequence[str]) -> None:
            await _in_loop(loop, lambda: work(jobs))

        async def attempting(job: str, number: int) -> float | None:
            return await _in_loop(loop, lambda: attempt(job, number))

        return await asyncio.to_thread(_open, url, node, working, attempting)

    async def start(self, jobs: Sequence[str], id: str) -> None:
        """Run jobs in this process. They are run to their ends, here or elsewhere.

        Args:
            jobs: their ids.
            id: of the start: again is the same as once.
        """
        from dbos import SetWorkflowID  # noqa: PLC0415 - see above

        with SetWorkflowID(id):
            await self._dbos.start_workflow_async(self._jobs, list(jobs))

    async def announce(self, job: str) -> None:
        """Deliver the notice of a job's end; again is the same as once."""
        from dbos import SetWorkflowID  # noqa: PLC0415 - see above

        with SetWorkflowID(_NOTICE + job):
            await self._dbos.start_workflow_async(self._notice, job)

    async def take_over(self, node: str) -> None:
        """Go on with everything that a dead process had begun. Several processes may do so at once."""
        # The only call that is not public: the open version of DBOS has no other for it. It changes rows of
        # that executor alone, and only those that are still its own.
        recover = self._dbos._recover_pending_workflows  # noqa: SLF001
        await asyncio.to_thread(recover, [node])

    async def left_out(self, jobs: Collection[str]) -> Collection[str]:
        """Return those of some jobs that nothing goes on with: never started, or ended without them.

        Between taking a job and starting it a process can be killed; and one that hands a job back, or loses its
        database at the end, may have its workflow end before the job does.
        """
        if not jobs:
            return []
        from dbos import WorkflowStatusString  # noqa: PLC0415 - see above

        pending = await self._dbos.list_workflows_async(
            name=_JOBS, status=WorkflowStatusString.PENDING.value, load_output=False
        )
        return set(jobs).difference(*(workflow.input["args"][0] for workflow in pending if workflow.input))

    async def sweep(self, before: datetime) -> int:
        """Remove what is kept of workflows that ended before a moment, and return how many these were."""
        swept = 0
        while True:
            ended = await self._dbos.list_workflows_async(
                completed_before=before.astimezone(UTC).isoformat(),
                limit=_PAGE,
                load_input=False,
                load_output=False,
            )
            if not ended:
                return swept
            await self._dbos.delete_workflows_async([workflow.workflow_id for workflow in ended])
            swept += len(ended)

    async def close(self) -> None:
        """Stop. What has not ended is gone on with when another process takes it over."""
        await asyncio.to_thread(self._dbos.destroy, destroy_registry=True)


def _open(url: str, node: str, work: Work, attempt: Attempt) -> Engine:
    from dbos import DBOS, DBOSConfig  # noqa: PLC0415 - see above
    from dbos import DBOSPortableJSONSerializer as Serializer  # noqa: PLC0415

    logging.getLogger("dbos").setLevel(logging.WARNING)

    @DBOS.workflow(name=_JOBS, max_recovery_attempts=_RECOVERIES)
    async def jobs(ids: list[str]) -> None:
        await work(ids)

    notice = register(attempt)
    parsed = database_url(url)
    if parsed.drivername == "sqlite":
        _enter_wal(Path(str(parsed.database)))
    config: DBOSConfig = {
        "name": "filemill",
        "system_database_url": parsed.render_as_string(hide_password=False),
        "executor_id": node,
        "application_version": VERSION,
        "serializer": Serializer(),
        "use_listen_notify": False,  # nothing here waits for messages
        "notification_listener_polling_interval_sec": 0.5,  # what its thread sleeps, and its end waits for
        "scheduler_polling_interval_sec": 3600.0,
        "max_executor_threads": _THREADS,
        "sys_db_idle_transaction_timeout_sec": float(IDLE_SECONDS),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    DBOS(config=config)
    try:
        DBOS.launch()
    except BaseException:  # half launched, it would pass for launched the next time
        DBOS.destroy(destroy_registry=True)
        raise
    return Engine(DBOS, jobs, notice)


async def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[R]]) -> R:
    """Await a call in the loop of the server: what DBOS takes over runs in a thread of its own."""
    if asyncio.get_running_loop() is loop:
        return await call()

    async def called() -> R:
        return await call()

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(called(), loop))


def _enter_wal(path: Path) -> None:
    """Make DBOS's database one in which readers and writers don't wait for one another; it stays one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")

"""The jobs of one process: it takes those that wait, runs them, and takes over those of dead processes."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from filemill.errors import FilemillError
from filemill_server.jobs.engine import Attempt, Engine
from filemill_server.jobs.nodes import BEAT_SECONDS, Nodes
from filemill_server.jobs.pace import Pace, Places
from filemill_server.jobs.queue import Queue, Reached
from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.runner import Runner, wait_seconds
from filemill_server.jobs.store import JobStore

KEEP = timedelta(hours=1)
"""How long the engine's own rows are kept of work that has ended; nothing reads them."""
LOOK_SECONDS = 0.5
"""Between looks for jobs that other processes accepted or cancelled, and between two writings of progress."""

T = TypeVar("T")

log = structlog.get_logger("filemill.jobs")


class Dispatcher:
    """Runs jobs in this process until it is stopped.

    Args:
        store: the rows of jobs.
        queue: what waits.
        nodes: the processes that run jobs.
        runner: does the work of one job.
        pace: how many jobs to have in hand.
        engine_url: the database of the engine.
        lock: a file that only one process holds, where the database is one for a single process; else None.
        attempt: makes one attempt at delivering a notice.
        tell: is told the ids of jobs that changed.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        queue: Queue,
        nodes: Nodes,
        runner: Runner,
        pace: Pace,
        engine_url: str,
        lock: Path | None,
        attempt: Attempt,
        tell: Callable[..., None],
    ) -> None:
        self._store = store
        self._queue = queue
        self._nodes = nodes
        self._runner = runner
        self._engine_url = engine_url
        self._lock = lock
        self._attempt = attempt
        self._tell = tell
        self._places = Places(pace)
        self._claimed: dict[str, JobRow] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._reached: dict[str, Reached] = {}
        self._woken = asyncio.Event()
        self._looking = asyncio.Event()
        self._buried: set[str] = set()
        self._in_hand: set[str] = set()
        self._missing: set[str] = set()
        self._leaving = False
        self._starts = 0
        self._engine: Engine | None = None
        self._held: int | None = None
        self._starting: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None
        self._following: Sequence[asyncio.Task[None]] = ()

    def wake(self) -> None:
        """Look for jobs now: one was accepted, or ended."""
        self._woken.set()

    def bury(self, nodes: Collection[str]) -> None:
        """Take over the work of processes that are known to be dead."""
        self._buried.update(nodes)

    def look(self) -> None:
        """Look now whether jobs that run here were cancelled: their worker processes are killed."""
        self._looking.set()

    async def sweep(self, now: datetime) -> None:
        """Remove what the engine keeps of work that ended long before a moment."""
        if self._engine is not None:
            await self._engine.sweep(now - KEEP)

    def start(self) -> None:
        """Begin to run jobs, as soon as this process may."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())

    async def stop(self, grace_seconds: float) -> None:
        """Begin no more jobs, wait for those at work, and hand back what has not ended by then."""
        if self._starting is None:
            return
        await _end(self._starting)
        if self._taking is not None:
            await _end(self._taking)
        if self._running:
            await asyncio.wait(self._running.values(), timeout=grace_seconds)
        await self._hand_back()
        for task in self._following:
            await _end(task)
        if self._engine is not None:
            await self._engine.close()
        if self._held is not None:
            os.close(self._held)

    async def _start(self) -> None:
        if self._lock is not None:
            self._held = await _hold(self._lock)
        self._engine = engine = await _repeated("open", self._open)
        self._following = [
            asyncio.create_task(_forever("follow", self._follow, partial(_pause, self._looking))),
            asyncio.create_task(_forever("live", partial(self._live, engine), partial(asyncio.sleep, BEAT_SECONDS))),
        ]
        self._taking = asyncio.create_task(_forever("take", partial(self._take, engine), partial(_pause, self._woken)))

    async def _open(self) -> Engine:
        await self._nodes.beat()
        return await Engine.open(self._engine_url, self._nodes.id, self._work, self._attempt)

    async def _take(self, engine: Engine) -> None:
        """Start what waits and has a place, and announce what has ended."""
        self._woken.clear()
        self._places.admit()  # a job that is slow by now holds up none
        news = await self._queue.news()
        if news.ended:
            ended = await self._queue.unannounced()
            for job in ended:
                await engine.announce(job)
            await self._queue.announced(ended)
        rows = await self._claim() if news.waiting else []
        if rows:
            self._claimed |= {row.id: row for row in rows}
            self._tell(*(row.id for row in rows))
            self._starts += 1
            try:
                await engine.start([row.id for row in rows], f"{self._nodes.id}-{self._starts}")
            except BaseException:
                for row in rows:
                    self._let_go(row.id)  # `_find` goes on with them
                raise
            self.wake()

    async def _claim(self) -> Sequence[JobRow]:
        """Take jobs that wait, if it is time for more."""
        places = self._places.due()
        self._places.take(places)
        try:
            rows = await self._queue.claim(places) if places else []
        except BaseException:
            self._places.give(places)
            raise
        self._places.give(places - len(rows))
        return rows

    async def _work(self, jobs: Sequence[str]) -> None:
        """Run jobs: those that were claimed here at once, or that another process had begun."""
        for failed in await asyncio.gather(*(self._work_one(job) for job in jobs), return_exceptions=True):
            if isinstance(failed, BaseException):
                raise failed

    async def _work_one(self, job: str) -> None:
        if job in self._in_hand:
            return  # found to be left out, and gone on with at the same time
        self._in_hand.add(job)
        row = self._claimed.pop(job, None)
        if row is None:
            await self._places.wait()  # its attempt counts from when it begins
        try:
            if row is None:
                row = await _repeated("begin", lambda: self._store.begin(job, self._nodes.id))
            if row is None:
                return
            work = asyncio.create_task(self._runner.run(row, partial(self._reach, job)))
            self._running[job] = work
            await asyncio.wait([work])
            if self._leaving and work.cancelled():
                await asyncio.Future()  # the workflow must not end: another process goes on with it
            if not work.cancelled():
                work.result()
        finally:
            self._in_hand.discard(job)
            self._running.pop(job, None)
            self._reached.pop(job, None)
            self._places.give(1)
            self._tell(job)
            if self._places.due() or (row is not None and row.webhook):
                self.wake()

    def _reach(self, job: str, reached: Reached) -> None:
        before = self._reached.get(job)
        # A chain of steps tells of each from its beginning; what has been done stays done.
        self._reached[job] = reached if before is None or before.progress <= reached.progress else before

    async def _follow(self) -> None:
        """Write down how far the jobs are, and stop those that were cancelled or taken over meanwhile."""
        self._looking.clear()
        if not (self._running or self._claimed):
            return
        reached, self._reached = self._reached, {}
        if reached:
            await self._queue.advance(reached)
            self._tell(*reached)
        for job in await self._queue.gone([*self._running, *self._claimed]):
            if (task := self._running.get(job)) is not None:
                task.cancel()
            else:
                self._let_go(job)  # it was taken over before it was started here

    def _let_go(self, job: str) -> None:
        """Give back the place of a job that was claimed, and has not begun here."""
        if self._claimed.pop(job, None) is not None:
            self._places.give(1)

    async def _live(self, engine: Engine) -> None:
        """Say that this process lives, and take over the work of those that don't."""
        await self._nodes.beat()
        buried, self._buried = self._buried, set()
        for node in buried.union(await self._nodes.dead()):
            left = await self._queue.left_by(node)
            await engine.take_over(node)
            for job in await engine.left_out(left):
                await engine.start([job], f"{job}-{left[job]}")
            await self._nodes.forget(node)
            log.info("node_taken_over", node=node, jobs=len(left))
        await self._find(engine)

    async def _find(self, engine: Engine) -> None:
        """Go on with jobs that are this process's own but that it does not know of, twice in a row.

        The database went away in the moment that it wrote down who takes them, or that they are over.
        """
        left = await self._queue.left_by(self._nodes.id)
        own = left.keys() - self._claimed.keys() - self._in_hand
        missing, self._missing = self._missing & own, own
        for job in missing:
            await engine.start([job], f"{job}-{left[job]}")

    async def _hand_back(self) -> None:
        """End the work of this process as if it had not been begun: another one goes on with it."""
        self._leaving = True
        jobs = list(self._running)
        working = list(self._running.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        with suppress(FilemillError):
            await self._queue.hand_back(jobs)
            await self._nodes.bury([self._nodes.id])


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _pause(woken: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            await woken.wait()


async def _hold(path: Path) -> int:
    """Wait until no other process holds a file, and hold it as long as the descriptor is open."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    told = False
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    log.info("jobs_run_by_another_process", lock=str(path))
                told = True
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise


async def _forever(name: str, work: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again; where the database is away, later."""
    while True:
        await _repeated(name, work)
        await pause()


async def _repeated(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """Do something, again where it fails: what fails here is the database, and nobody is there to be told."""
    failures = 0
    while True:
        try:
            return await work()
        except Exception as error:
            failures += 1
            log.warning("jobs_wait", work=name, failures=failures, exc_info=error)
        await asyncio.sleep(wait_seconds(failures))

"""The worker pool: killable processes behind bounded admission.

No kept library does all of it (kill of a process group at a deadline, a memory limit for each task,
replacement by age and size, admission with an immediate refusal, asyncio), so it is this one module.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from enum import Enum

import structlog

from filemill import task
from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.process import Worker
from filemill.worker import Start

log = structlog.get_logger("filemill.pool")

_LAUNCH_TURNS = 10  # of the event loop, in which the processes come into being

_WEIGHT = 0.05  # of a request's last task in what is expected of the next
_WAIT = 0.5  # of the deadline, which a task of a request may have to wait, by what the last ones took

_OVERTAKEN = 3  # requests that may go before a waiting job, each time a worker comes free

_NOTHING = nullcontext()

OnProgress = Callable[[task.Progress], None]


class Lane(Enum):
    """Who waits for a task: a caller who holds a connection, or nobody at this moment."""

    REQUEST = "request"
    JOB = "job"


class WorkerCrash(FilemillError):  # noqa: N818 - it is named for what happened
    """The worker process ended before its task did."""


class Pool:
    """A fixed number of worker processes with a bounded queue before them.

    Args:
        workers: number of processes.
        queue: tasks that may wait; one more is refused at once.
        limits: given to each worker's start-up.
        blocked: plugins that workers don't load.
        reserved: workers that jobs leave to requests, as long as one is left to jobs.
        max_tasks: tasks after which a worker is replaced; to start one costs as much as a hundred small tasks.
        max_resident_bytes: memory mark above which a worker is replaced.

    Attributes:
        size: number of worker processes.
        capacity: tasks that may run and wait.
        admitted: tasks of requests that run and wait now.
        expected: tasks that are about to come, and have a place already.
        job_places: tasks of jobs that run at once.
    """

    def __init__(
        self,
        *,
        workers: int,
        queue: int,
        limits: Limits,
        blocked: Sequence[str] = (),
        reserved: int = 0,
        max_tasks: int = 20_000,
        max_resident_bytes: int = 400 << 20,
    ) -> None:
        self.size = workers
        self.capacity = workers + queue
        self.admitted = 0
        self.expected = 0
        self.max_tasks = max_tasks
        self.max_resident_bytes = max_resident_bytes
        self._start = Start(limits, list(blocked))
        self._deadline = limits.deadline_seconds
        self._usual_seconds = 0.0
        self._working = 0
        self.job_places = max(1, workers - reserved)
        self._idle: list[Worker] = []  # the last one used is the next: its pages are in memory
        self._waiting: dict[Lane, deque[asyncio.Future[Worker]]] = {lane: deque() for lane in Lane}
        self._places = asyncio.Semaphore(self.job_places)
        self._overtaken = 0
        self._live: set[Worker] = set()
        self._filling: set[asyncio.Task[None]] = set()
        self._closed = False
        self._starts_fail = False
        self._starting: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Begin to start the first worker without waiting for it: it loads its libraries meanwhile."""
        self._starting = asyncio.create_task(self._start_first())
        for _ in range(_LAUNCH_TURNS):
            await asyncio.sleep(0)

    async def start(self) -> None:
        """Wait until the first worker is ready, if need be start it; the others follow by themselves.

        Raises:
            RuntimeError: it can't start.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_first())
        await self._starting

    async def _start_first(self) -> None:
        try:
            await self._add()
        except OSError as error:
            raise RuntimeError(str(error)) from error
        for _ in range(self.size - 1):
            self._in_background(self._fill())

    async def stop(self) -> None:
        """End all workers, whatever they do; tasks that run or wait are refused with `OVERLOADED`."""
        self._closed = True
        for filling in self._filling:
            filling.cancel()
        await asyncio.gather(*self._filling, return_exceptions=True)
        for waiter in (waiter for waiting in self._waiting.values() for waiter in waiting):
            if not waiter.done():
                waiter.set_exception(_stopping())
        gone = list(self._live)
        for worker in gone:
            worker.kill()
        await asyncio.gather(*(self._forget(worker) for worker in gone))

    async def run(
        self,
        work: task.Task,
        on_progress: OnProgress | None = None,
        lane: Lane = Lane.REQUEST,
        waiting: AbstractContextManager[object] = _NOTHING,
    ) -> task.Outcome:
        """Do a task in a worker process.

        A job's task is never refused: it waits behind those of requests, of which a few may overtake it.

        Args:
            work: the task.
            on_progress: is told how far it is.
            lane: who waits for it.
            waiting: is entered while the task of a job waits for a worker.

        Raises:
            FilemillError: what the task refused; `OVERLOADED` at once where the queue is full;
                `DEADLINE_EXCEEDED` when it was killed at its deadline (which counts from its start in
                a worker).
            WorkerCrash: with `INVALID_FILE`, where it crashed the worker; with `OVERLOADED`, where that was
                killed from outside.
        """
        if lane is Lane.JOB:
            async with AsyncExitStack() as held:
                with waiting:
                    await held.enter_async_context(self._places)
                    worker = await self._worker(lane)
                return await self._run(worker, work, on_progress)
        if self.admitted >= self.capacity:
            raise self._full(self.admitted, work.limits.deadline_seconds)
        self.admitted += 1
        try:
            worker = await self._worker(lane)
            begun = time.monotonic()
            try:
                return await self._run(worker, work, on_progress)
            finally:
                self._usual_seconds += _WEIGHT * (time.monotonic() - begun - self._usual_seconds)
        finally:
            self.admitted -= 1

    @property
    def is_busy(self) -> bool:
        """Whether a task would have to wait for others, which are at work, or are about to be: a worker starts."""
        about = any(self._waiting.values()) and not self._starts_fail
        return (self._working > 0 or about) and not self._idle

    def refusal(self) -> FilemillError | None:
        """Return why one more task of a request can't be taken now; None where it can.

        It can't where all places are taken, and where those before it would take too much of the deadline.
        """
        count = self.admitted + self.expected
        expected_wait = (count - self.size) * self._usual_seconds / self.size
        if count < self.capacity and expected_wait <= _WAIT * self._deadline:
            return None
        return self._full(count, self._deadline)

    def _full(self, count: int, deadline_seconds: float) -> FilemillError:
        return FilemillError(
            ErrorCode.OVERLOADED,
            f"All {self.size} workers are busy and {count - self.size} tasks wait.",
            retry_after=max(1, round(deadline_seconds / 10)),
        )

    async def _worker(self, lane: Lane) -> Worker:
        """Wait for an idle worker; one that ended while it was idle is replaced and costs nobody a task."""
        while not self._closed:
            worker = self._idle.pop() if self._idle else await self._next(lane)
            if worker.alive:
                return worker
            log.warning("worker_ended", pid=worker.process.pid, code=worker.process.returncode)
            self._replace(worker)
        raise _stopping()

    async def _next(self, lane: Lane) -> Worker:
        """Wait in a lane until a worker comes free."""
        waiter: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._offer(waiter.result())  # it was given just now
            raise

    def _offer(self, worker: Worker) -> None:
        """Give a free worker to who waits, or let it idle."""
        requests, jobs = self._waiting[Lane.REQUEST], self._waiting[Lane.JOB]
        for waiting in (requests, jobs):
            while waiting and waiting[0].done():
                waiting.popleft()
        if jobs and (not requests or self._overtaken >= _OVERTAKEN):
            self._overtaken = 0
            jobs.popleft().set_result(worker)
        elif requests:
            self._overtaken += bool(jobs)
            requests.popleft().set_result(worker)
        else:
            self._idle.append(worker)

    async def _run(self, worker: Worker, work: task.Task, on_progress: OnProgress | None) -> task.Outcome:
        finished = False
        self._working += 1
        try:
            async with asyncio.timeout(work.limits.deadline_seconds):
                await worker.send(task.encode(work))
                while isinstance(answer := await worker.receive(), task.Progress):
                    if on_progress is not None:
                        on_progress(answer)
            finished = True
        except TimeoutError:
            raise _late(work) from None
        except (EOFError, ConnectionError):
            raise await self._crash(worker, work) from None
        finally:
            self._working -= 1
            if finished:
                self._give_back(worker)
            else:
                self._replace(worker)
                await worker.still()
        if isinstance(answer, task.Failure):
            if answer.trace:
                log.error("operation_failed", trace=answer.trace)
            raise answer.problem.error()
        assert isinstance(answer, task.Outcome)
        return answer

    async def _crash(self, worker: Worker, work: task.Task) -> FilemillError:
        """Find out how a worker ended, before anything of ours can have killed it."""
        with suppress(TimeoutError):  # it hung up but runs on
            await asyncio.wait_for(worker.process.wait(), 1)
        code = worker.process.returncode
        log.warning("worker_crashed", pid=worker.process.pid, code=code)
        if self._closed:
            return _stopping()
        if code == -signal.SIGKILL:
            return WorkerCrash(
                ErrorCode.OVERLOADED, "The worker process was ended from outside; try again.", retry_after=1
            )
        if code == -signal.SIGXCPU:
            return _late(work)
        return WorkerCrash(
            ErrorCode.INVALID_FILE,
            "The file ended the process that worked on it: it is broken, or needs too much memory.",
        )

    def _give_back(self, worker: Worker) -> None:
        worker.tasks += 1
        if worker.tasks >= self.max_tasks or worker.resident_bytes() > self.max_resident_bytes:
            self._replace(worker)
        else:
            self._offer(worker)

    def _replace(self, worker: Worker) -> None:
        """Kill a worker at once and start another; its place in the pool stays empty meanwhile."""
        worker.kill()
        if self._closed:
            return
        self._in_background(self._swap(worker))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        filling = asyncio.create_task(work)
        self._filling.add(filling)
        filling.add_done_callback(self._filling.discard)

    async def _swap(self, worker: Worker) -> None:
        await self._forget(worker)
        await self._fill()

    async def _fill(self) -> None:
        """Start a worker for a place that is empty, however often it takes."""
        pause = 0.1
        while True:
            try:
                return await self._add()
            except (RuntimeError, OSError) as error:
                self._starts_fail = True
                log.error("worker_start_failed", reason=str(error), again_in_seconds=pause)  # noqa: TRY400
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def _add(self) -> None:
        worker = await Worker.start(self._start)
        self._starts_fail = False
        self._live.add(worker)
        if self._closed:
            worker.kill()
            await self._forget(worker)
        else:
            self._offer(worker)

    async def _forget(self, worker: Worker) -> None:
        await worker.ended()
        worker.close()
        self._live.discard(worker)


def _late(work: task.Task) -> FilemillError:
    return FilemillError(
        ErrorCode.DEADLINE_EXCEEDED,
        f"The work took longer than {work.limits.deadline_seconds:g} s and was stopped.",
    )


def _stopping() -> FilemillError:
    return FilemillError(ErrorCode.OVERLOADED, "The server is stopping; try again.", retry_after=5)

"""The worker pool: killable processes behind bounded admission.

No kept library does all of it (kill of a process group at a deadline, a memory limit for each task,
replacement by age and size, admission with an immediate refusal, asyncio), so it is this one module.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

import structlog

from filemill import task
from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.process import Worker
from filemill.worker import Start

log = structlog.get_logger("filemill.pool")

_LAUNCH_TURNS = 10  # of the event loop, in which the processes come into being

OnProgress = Callable[[task.Progress], None]


class Pool:
    """A fixed number of worker processes with a bounded queue before them.

    Args:
        workers: number of processes.
        queue: tasks that may wait; one more is refused at once.
        limits: given to each worker's start-up.
        blocked: plugins that workers don't load.
        max_tasks: tasks after which a worker is replaced.
        max_resident_bytes: memory mark above which a worker is replaced.

    Attributes:
        size: number of worker processes.
        capacity: tasks that may run and wait.
        admitted: tasks that run and wait now.
    """

    def __init__(
        self,
        *,
        workers: int,
        queue: int,
        limits: Limits,
        blocked: Sequence[str] = (),
        max_tasks: int = 2000,
        max_resident_bytes: int = 400 << 20,
    ) -> None:
        self.size = workers
        self.capacity = workers + queue
        self.admitted = 0
        self.max_tasks = max_tasks
        self.max_resident_bytes = max_resident_bytes
        self._start = Start(limits, list(blocked))
        self._idle: asyncio.LifoQueue[Worker | None] = asyncio.LifoQueue()  # None: the pool has stopped
        self._live: set[Worker] = set()
        self._filling: set[asyncio.Task[None]] = set()
        self._closed = False
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
        for _ in range(self.admitted):
            self._idle.put_nowait(None)
        gone = list(self._live)
        for worker in gone:
            worker.kill()
        await asyncio.gather(*(self._forget(worker) for worker in gone))

    async def run(self, work: task.Task, on_progress: OnProgress | None = None) -> task.Outcome:
        """Do a task in a worker process.

        Raises:
            FilemillError: what the task refused; `OVERLOADED` at once where the queue is full;
                `DEADLINE_EXCEEDED` when it was killed at its deadline (which counts from its start in
                a worker); `INVALID_FILE` where it crashed the worker.
        """
        if self.admitted >= self.capacity:
            raise FilemillError(
                ErrorCode.OVERLOADED,
                f"All {self.size} workers are busy and {self.capacity - self.size} tasks wait.",
                retry_after=max(1, round(work.limits.deadline_seconds / 10)),
            )
        self.admitted += 1
        try:
            return await self._run(await self._worker(), work, on_progress)
        finally:
            self.admitted -= 1

    async def _worker(self) -> Worker:
        """Wait for an idle worker; one that ended while it was idle is replaced and costs nobody a task."""
        while not self._closed:
            worker = await self._idle.get()
            if worker is None:
                break
            if worker.alive:
                return worker
            log.warning("worker_ended", pid=worker.process.pid, code=worker.process.returncode)
            self._replace(worker)
        raise _stopping()

    async def _run(self, worker: Worker, work: task.Task, on_progress: OnProgress | None) -> task.Outcome:
        finished = False
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
            if finished:
                self._give_back(worker)
            else:
                self._replace(worker)
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
            return FilemillError(
                ErrorCode.OVERLOADED, "The worker process was ended from outside; try again.", retry_after=1
            )
        if code == -signal.SIGXCPU:
            return _late(work)
        return FilemillError(
            ErrorCode.INVALID_FILE,
            "The file ended the process that worked on it: it is broken, or needs too much memory.",
        )

    def _give_back(self, worker: Worker) -> None:
        worker.tasks += 1
        if worker.tasks >= self.max_tasks or worker.resident_bytes() > self.max_resident_bytes:
            self._replace(worker)
        else:
            self._idle.put_nowait(worker)

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
                log.error("worker_start_failed", reason=str(error), again_in_seconds=pause)  # noqa: TRY400
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def _add(self) -> None:
        worker = await Worker.start(self._start)
        self._live.add(worker)
        if self._closed:
            worker.kill()
            await self._forget(worker)
        else:
            self._idle.put_nowait(worker)

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

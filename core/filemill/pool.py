"""The parent side of the worker pool: killable processes behind bounded admission.

No kept library does all of it (kill of a process group at a deadline, a memory limit for each task,
replacement by age and size, admission with an immediate refusal, asyncio), so it is this one module.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from filemill import task
from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.worker import Start

log = structlog.get_logger("filemill.pool")

_LENGTH = struct.Struct("!I")
_START_SECONDS = 30.0
_ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1",  # one thread a picture: parallel work comes from parallel workers
    "OMP_THREAD_LIMIT": "1",
    "MALLOC_ARENA_MAX": "2",
}

OnProgress = Callable[[task.Progress], None]


class Worker:
    """One worker process and the socket to it."""

    def __init__(self, process: asyncio.subprocess.Process, connection: socket.socket) -> None:
        self.process = process
        self.connection = connection
        self.tasks = 0

    @classmethod
    async def start(cls, start: Start) -> Worker:
        """Start a process by exec (never fork after libvips was used) and wait until it is ready.

        Raises:
            RuntimeError: when it ends or says nothing within 30 s; its error output goes to ours.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "filemill.worker",
                    str(theirs.fileno()),
                    msgspec.json.encode(start).decode(),
                ),
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ENVIRONMENT},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            theirs.close()
        worker = cls(process, ours)
        try:
            await asyncio.wait_for(worker.receive(), _START_SECONDS)
        except (TimeoutError, EOFError) as error:
            await worker.kill()
            raise RuntimeError("a worker process did not start; its reason stands above") from error
        return worker

    async def send(self, body: bytes) -> None:
        """Send one task."""
        await asyncio.get_running_loop().sock_sendall(self.connection, _LENGTH.pack(len(body)) + body)

    async def receive(self) -> task.Answer:
        """Wait for one answer; EOFError where the process has ended."""
        head = await self._exactly(_LENGTH.size)
        answer: task.Answer = task.decode_answer(await self._exactly(_LENGTH.unpack(head)[0]))
        return answer

    async def _exactly(self, size: int) -> bytes:
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < size:
            try:
                part = await loop.sock_recv(self.connection, size - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def resident_bytes(self) -> int:
        """Return the memory the process holds now, bytes; 0 where it has ended."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def kill(self) -> int:
        """Kill the process group, so that children of an operation end too, and return the exit code."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.connection.close()
        return await self.process.wait()


class Pool:
    """A fixed number of worker processes with a bounded queue before them.

    Args:
        workers: number of processes.
        queue: tasks that may wait; one more is refused at once.
        limits: given to each worker's start-up.
        blocked: plugins that workers don't load.
        max_tasks: tasks after which a worker is replaced.
        max_resident_bytes: memory mark above which a worker is replaced.
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
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        self._live: set[Worker] = set()
        self._replacing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Start all workers; RuntimeError where one can't."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.size):
                group.create_task(self._add())

    async def stop(self) -> None:
        """End all workers, whatever they do."""
        self._closed = True
        for replacing in list(self._replacing):
            replacing.cancel()
        await asyncio.gather(*(worker.kill() for worker in list(self._live)))
        self._live.clear()

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
            worker = await self._idle.get()
            return await self._run(worker, work, on_progress)
        finally:
            self.admitted -= 1

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
            raise FilemillError(
                ErrorCode.DEADLINE_EXCEEDED,
                f"The work took longer than {work.limits.deadline_seconds:g} s and was stopped.",
            ) from None
        except (EOFError, ConnectionError):
            raise await self._crash(worker) from None
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

    async def _crash(self, worker: Worker) -> FilemillError:
        code = await worker.kill()
        log.warning("worker_crashed", pid=worker.process.pid, code=code)
        if code == -signal.SIGKILL:
            return FilemillError(
                ErrorCode.OVERLOADED, "The worker process was ended from outside; try again.", retry_after=1
            )
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
        if self._closed:
            return
        replacing = asyncio.create_task(self._swap(worker))
        self._replacing.add(replacing)
        replacing.add_done_callback(self._replacing.discard)

    async def _swap(self, worker: Worker) -> None:
        self._live.discard(worker)
        await worker.kill()
        pause = 0.1
        while True:
            try:
                return await self._add()
            except (RuntimeError, OSError) as error:
                log.error("worker_start_failed", reason=str(error), again_in_seconds=pause)  # noqa: TRY400 - said by the worker
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def _add(self) -> None:
        worker = await Worker.start(self._start)
        self._live.add(worker)
        self._idle.put_nowait(worker)

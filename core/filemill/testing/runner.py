"""Runs pipelines over files as the server does: in this process, or in a worker process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from filemill import engine
from filemill.kinds import Facts
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.pool import Pool
from filemill.registry import Registry
from filemill.sources import Source, sources_in
from filemill.task import Input, Made, Outcome, Task, encode_steps

Step = Mapping[str, object] | Operation
R = TypeVar("R")


class Runner:
    """Runs a pipeline over files; what the fixture `filemill_run` gives.

    Args:
        registry: the operations and formats.
        folder: where results are written, each run in a folder of its own.
        workers: does the runs that are asked for in a worker process.
    """

    def __init__(self, registry: Registry, folder: Path, workers: WorkerThread) -> None:
        self._registry = registry
        self._folder = folder
        self._workers = workers
        self._numbers = count(1)

    def __call__(
        self,
        files: Path | Sequence[Path],
        *steps: Step,
        sources: Mapping[Source, Path] | Path | None = None,
        limits: Limits | None = None,
        in_worker: bool = False,
    ) -> Made:
        """Run steps over files.

        Args:
            files: one file or many; their content is sniffed.
            steps: operations, or plain data such as `{"op": "resize", "width": 800}`.
            sources: the files behind sources that are parameters, or one file for all of them.
            limits: what the run may use; default: the server's defaults.
            in_worker: run in a worker process, where the limits are enforced by killing it.

        Returns:
            The results (files in the test's folder, not packed into a ZIP) and the report.

        Raises:
            FilemillError: what the server would answer.
        """
        limits = limits or Limits()
        task = self._task([files] if isinstance(files, Path) else files, steps, sources, limits)
        outcome: Outcome
        if in_worker:
            outcome = self._workers.run(task)
        else:
            outcome = engine.run(task, self._registry, lambda fraction, step, note: None)
        return outcome.made[0]

    def _task(
        self,
        files: Sequence[Path],
        steps: Sequence[Step],
        sources: Mapping[Source, Path] | Path | None,
        limits: Limits,
    ) -> Task:
        pipeline = [step if isinstance(step, Operation) else self._read(step) for step in steps]
        check_steps(self._registry, pipeline, limits)
        folder = self._folder / f"run-{next(self._numbers)}"
        folder.mkdir()
        extras: dict[str, Input] = {}
        for _, source in sources_in(pipeline):
            path = sources if isinstance(sources, Path) else (sources or {})[source]
            extras[source.key] = Input(str(path), path.name)
        return Task(
            inputs=[Input(str(path), path.name) for path in files],
            pipelines=[encode_steps(pipeline)],
            folder=str(folder),
            limits=limits,
            extras=extras,
            archive=False,
        )

    def _read(self, step: Mapping[str, object]) -> Operation:
        return read_steps(self._registry, [dict(step)])[0]


class WorkerThread:
    """A pool of one worker process, started when it is first needed, on an event loop of its own."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None
        self._thread: threading.Thread | None = None

    def run(self, task: Task) -> Outcome:
        """Do a task in the worker process."""
        if self._pool is None:
            self._loop = asyncio.new_event_loop()
            # A daemon: the worker process ends with the thread that started it.
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
            self._pool = self._wait(_started())
        return self._wait(self._pool.run(task))

    def stop(self) -> None:
        """End the worker process and the loop."""
        if self._pool is not None and self._loop is not None and self._thread is not None:
            self._wait(self._pool.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._pool = None

    def _wait(self, work: Coroutine[Any, Any, R]) -> R:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _started() -> Pool:
    pool = Pool(workers=1, queue=0, limits=Limits())
    await pool.start()
    return pool


def same(made: Made) -> list[tuple[str, str, Facts]]:
    """Return what has to be equal when the same work is done twice: names, digests and facts."""
    return [(output.name, output.sha256, output.facts) for output in made.outputs]

"""Work that goes on when nobody waits for it any more, and is done once for all who ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Ongoing(Generic[T]):
    """What one process works on, by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def ask(self, name: str, work: Callable[[], Coroutine[Any, Any, T]], seconds: float | None) -> T | None:
        """Wait for work, which begins here where it is not going on.

        Args:
            name: what tells this work from other work.
            work: does it.
            seconds: how long to wait; None: to its end.

        Returns:
            What came of it; None where it takes longer.

        Raises:
            FilemillError: whatever was wrong in it.
        """
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.create_task(work())
            task.add_done_callback(partial(self._ended, name))
        await asyncio.wait([task], timeout=seconds)
        return task.result() if task.done() else None

    def _ended(self, name: str, task: asyncio.Task[T]) -> None:
        del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("work_failed", name=name, error=type(error).__name__, reason=str(error))

    async def stop(self) -> None:
        """Give up what is going on."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

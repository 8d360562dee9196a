"""Work that gathers while earlier work is being done, and is then done in one go."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(NamedTuple, Generic[T, R]):
    item: T
    future: asyncio.Future[R]
    loop: asyncio.AbstractEventLoop


class Batches(Generic[T, R]):
    """One thread that takes everything that waits, at most `limit` items, and does it together.

    Nothing is delayed to make a batch: a lone item is done at once, and a batch is what came meanwhile.

    Args:
        work: does a batch; it gives one result or exception for each item, in order. What it raises goes to
            every item of the batch.
        name: of the thread.
        limit: items of a batch.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R | BaseException]], name: str, limit: int) -> None:
        self._work = work
        self._name = name
        self._limit = limit
        self._queue: SimpleQueue[_Waiting[T, R] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False
        self._lock = Lock()

    async def do(self, item: T) -> R:
        """Have an item done and return its result, or raise its exception.

        An item that has been handed over is done even if the waiting is cancelled.
        """
        loop = asyncio.get_running_loop()
        waiting: _Waiting[T, R] = _Waiting(item, loop.create_future(), loop)
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self._name} is closed")
            if self._thread is None:
                self._thread = Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._queue.put(waiting)
        return await waiting.future

    def close(self) -> None:
        """Do what waits and end the thread."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < self._limit and not last:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    last = True
                else:
                    batch.append(more)
            self._do(batch)
            if last:
                return

    def _do(self, batch: Sequence[_Waiting[T, R]]) -> None:
        results: Sequence[R | BaseException]
        try:
            results = self._work([waiting.item for waiting in batch])
        except BaseException as error:  # noqa: BLE001 - it goes to those who wait
            results = [error] * len(batch)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[R], R | BaseException]]] = defaultdict(list)
        for waiting, result in zip(batch, results, strict=True):
            by_loop[waiting.loop].append((waiting.future, result))
        for loop, done in by_loop.items():
            try:
                loop.call_soon_threadsafe(_deliver, done)
            except RuntimeError:  # the loop was closed meanwhile: nobody waits any more
                continue


def _deliver(done: Sequence[tuple[asyncio.Future[R], R | BaseException]]) -> None:
    for future, result in done:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)

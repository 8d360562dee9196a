"""How many jobs a process has in hand: enough that its workers never wait, and no more of what others could run."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import fmean

MOST_A_WORKER = 16
"""Jobs in hand for each worker process: while one is worked on, others bring inputs or store results."""
AHEAD_SECONDS = 0.5
"""Work that may wait in a process for its own workers, for each of them: the time of a look at the queue."""
SLOW_SECONDS = 1.0
"""A job whose inputs take longer, or that waits to try again, holds up no other one."""
_RECENT = 8


class Pace:
    """How long jobs take, as far as the last ones tell, and what follows for the next ones.

    A job that a process has in hand is one that no other process runs. So where work is long a process takes only
    what its workers begin at once; where it is short, or inputs come slowly, as many as keep its workers busy
    (Little's law).

    Args:
        workers: tasks of jobs that run at once.
        most: jobs in hand; without it, sixteen a worker.
        clock: seconds.
    """

    def __init__(self, workers: int, most: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most or MOST_A_WORKER * workers
        self._workers = workers
        self._clock = clock
        self._brought: deque[float] = deque(maxlen=_RECENT)
        self._worked: deque[float] = deque(maxlen=_RECENT)
        self._idle: list[float] = []
        self._working: list[float] = []

    def bringing(self) -> AbstractContextManager[None]:
        """Tell that the inputs of a job are brought for the time of a `with` block."""
        return self._timed(self._idle, self._brought)

    def pausing(self) -> AbstractContextManager[None]:
        """Tell that a job waits to try again for the time of a `with` block."""
        return self._timed(self._idle, deque(maxlen=0))

    def working(self) -> AbstractContextManager[None]:
        """Tell that a worker is busy with a job for the time of a `with` block."""
        return self._timed(self._working, self._worked)

    @contextmanager
    def _timed(self, running: list[float], ended: deque[float]) -> Iterator[None]:
        begun = self._clock()
        running.append(begun)
        try:
            yield
        finally:
            running.remove(begun)
            ended.append(self._clock() - begun)

    def slow(self) -> int:
        """Return how many jobs have needed no worker for so long that others may go before them."""
        now = self._clock()
        return sum(now - begun > SLOW_SECONDS for begun in self._idle)

    def places(self) -> int:
        """Return how many jobs to have in hand now, beside slow ones. Until one is done, all are taken to be long."""
        now = self._clock()
        # By the slowest: behind a long job the short ones of its process wait.
        slowest = max([*self._worked, *(now - begun for begun in self._working)], default=None)
        if slowest is None:
            return min(self.most, self._workers)
        ahead = (AHEAD_SECONDS + fmean(self._brought or [0.0])) / max(slowest, 1e-3)
        return min(self.most, self._workers * (1 + int(ahead)))


class Places:
    """The places for jobs in hand, as many as a pace says now. What waits for one gets it in its turn."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def free(self) -> int:
        """Return how many may be taken now; none while anything waits."""
        return 0 if self._waiting else self._left()

    def due(self) -> int:
        """Return how many to fill now: none before half of them are free, as what is taken at once shares much."""
        free = self.free()
        return free if free >= self._taken - self._pace.slow() else 0

    def _left(self) -> int:
        busy = self._taken - self._pace.slow()
        return max(0, min(self._pace.places() - busy, self._pace.most - self._taken))

    def take(self, count: int) -> None:
        """Take places that are free."""
        self._taken += count

    async def wait(self) -> None:
        """Take a place as soon as there is one."""
        if self.free():
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(1)  # it was given just now
            raise

    def give(self, count: int) -> None:
        """Give places back."""
        self._taken -= count
        self.admit()

    def admit(self) -> None:
        """Give what waits the places that there are now."""
        while self._waiting and (self._waiting[0].done() or self._left()):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._taken += 1

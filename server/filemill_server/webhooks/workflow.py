"""The durable workflow that delivers the message of a job: it goes on where it was when its process is killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Attempt = Callable[[str, int], Awaitable[float | None]]

NAME = "notify"
_RECOVERIES = 1_000_000  # three days of attempts outlast any number of restarts
_TRIES = 48  # the waits grow to an hour: a database may be away for a day and a half


def register(attempt: Attempt) -> Callable[[str], Coroutine[Any, Any, None]]:
    """Make the workflow known to DBOS, before its launch, and return it; its argument is the id of a job.

    Args:
        attempt: makes one attempt, given the job's id and the attempt's number from 1, and returns the seconds
            until the next one, or None where none follows. It may be called twice for one attempt, and is
            called again where it raises.
    """
    # DBOS takes 0.8 s to import: the server answers before.
    from dbos import DBOS  # noqa: PLC0415

    @DBOS.step(name="attempt", retries_allowed=True, max_attempts=_TRIES, interval_seconds=1.0, backoff_rate=2.0)
    async def step(job_id: str, number: int) -> float | None:
        return await attempt(job_id, number)

    @DBOS.workflow(name=NAME, max_recovery_attempts=_RECOVERIES)
    async def notify(job_id: str) -> None:
        number = 1
        while (seconds := await step(job_id, number)) is not None:
            await DBOS.sleep_async(seconds)
            number += 1

    return notify

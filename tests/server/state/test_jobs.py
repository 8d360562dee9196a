"""Rows of jobs on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from filemill_server.database import Database
from filemill_server.jobs.store import JobRow, JobStore, State

pytestmark = pytest.mark.anyio

End = Callable[[JobStore], Awaitable[bool]]
ENDS: dict[State, End] = {
    State.SUCCEEDED: lambda store: store.succeed("j", '{"assetId": "a"}'),
    State.FAILED: lambda store: store.fail("j", '{"code": "INVALID_FILE"}'),
    State.CANCELLED: lambda store: store.cancel("j"),
}


@pytest.fixture
async def store(database: Database) -> JobStore:
    """Jobs of an empty database, with one that waits."""
    made = JobStore(database)
    await made.add("j", "shop", '{"steps": []}')
    return made


async def job(store: JobStore) -> JobRow:
    """Return the job."""
    found = await store.get("j", "shop")
    assert found is not None
    return found


async def test_job_from_beginning_to_end(store: JobStore) -> None:
    """NA-50: state, progress, step and times follow the work."""
    waiting = await job(store)
    assert (waiting.state, waiting.progress, waiting.started_at) == (State.QUEUED, 0, None)
    assert waiting.request == '{"steps": []}'
    assert await store.start("j")
    assert await store.advance("j", 0.25, "page 1 of 4")
    running = await job(store)
    assert (running.state, running.progress, running.step) == (State.RUNNING, 0.25, "page 1 of 4")
    assert running.started_at is not None
    assert running.finished_at is None
    assert await store.succeed("j", '{"assetId": "a"}')
    ended = await job(store)
    assert (ended.state, ended.progress, ended.step, ended.error) == (State.SUCCEEDED, 1, None, None)
    assert ended.result == '{"assetId": "a"}'
    assert ended.finished_at is not None


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
async def test_first_final_state_stays(store: JobStore, first: State, second: State) -> None:
    """NA-51: work that runs twice publishes once, and nothing moves a job that ended."""
    assert await ENDS[first](store)
    ended = await job(store)
    assert ended.state is first
    assert not await ENDS[second](store)
    assert not await store.start("j")
    assert not await store.advance("j", 0.5, "late")
    assert await job(store) == ended


async def test_one_of_many_ends_wins(store: JobStore) -> None:
    """NA-51: of ends that come at once, one is kept."""
    ends = [store.succeed("j", f'{{"assetId": "{index}"}}') for index in range(20)]
    won = await asyncio.gather(*ends)
    assert won.count(True) == 1
    assert (await job(store)).result == f'{{"assetId": "{won.index(True)}"}}'


async def test_second_start_keeps_the_first_time(store: JobStore, database: Database) -> None:
    """A job that is begun again after a crash started when it first did."""
    from sqlalchemy import update

    from filemill_server.tables import jobs

    assert await store.start("j")
    await database.run(lambda connection: connection.execute(update(jobs).values(started_at=1_000_000)))
    assert await store.start("j")
    started = (await job(store)).started_at
    assert started is not None
    assert started.timestamp() == 1


async def test_waiting_job_has_no_progress(store: JobStore) -> None:
    """Progress comes from a run; a job that waits has none."""
    assert not await store.advance("j", 0.5, None)
    assert (await job(store)).progress == 0


async def test_foreign_and_unknown_jobs_are_not_there(store: JobStore) -> None:
    """NC-14: another tenant's job is as unknown as one that never was."""
    assert await store.get("j", "other") is None
    assert await store.get("k", "shop") is None

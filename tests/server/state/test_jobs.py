"""Rows of jobs on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from filemill_server.database import Database
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.tables import jobs

pytestmark = pytest.mark.anyio

End = Callable[[JobStore], Awaitable[bool]]
ENDS: dict[State, End] = {
    State.SUCCEEDED: lambda store: store.succeed("j", '{"assetId": "a"}'),
    State.FAILED: lambda store: store.fail("j", '{"code": "INVALID_FILE"}'),
    State.CANCELLED: lambda store: store.cancel("j"),
}


ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()


@pytest.fixture
async def store(database: Database) -> JobStore:
    """Jobs of an empty database, with one that waits."""
    made = JobStore(database)
    await made.add(NewJob(id="j", tenant="shop", order=ORDER))
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
    assert waiting.request == ORDER
    running = await store.begin("j", "n")
    assert running == await job(store)
    assert (running.state, running.node, running.attempts) == (State.RUNNING, "n", 1)
    assert running.started_at is not None
    assert running.finished_at is None
    assert await store.succeed("j", '{"assetId": "a"}')
    ended = await job(store)
    assert (ended.state, ended.progress, ended.step, ended.error) == (State.SUCCEEDED, 1, None, None)
    assert ended.result == '{"assetId": "a"}'
    assert ended.finished_at is not None
    assert ended.expires_at is not None
    assert ended.request is None  # it may have held passwords


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
async def test_first_final_state_stays(store: JobStore, first: State, second: State) -> None:
    """NA-51: work that runs twice publishes once, and nothing moves a job that ended."""
    assert await ENDS[first](store)
    ended = await job(store)
    assert ended.state is first
    assert not await ENDS[second](store)
    assert await store.begin("j", "n") is None
    assert await job(store) == ended


async def test_one_of_many_ends_wins(store: JobStore) -> None:
    """NA-51: of ends that come at once, one is kept."""
    ends = [store.succeed("j", f'{{"assetId": "{index}"}}') for index in range(20)]
    won = await asyncio.gather(*ends)
    assert won.count(True) == 1
    assert (await job(store)).result == f'{{"assetId": "{won.index(True)}"}}'


async def test_second_start_keeps_the_first_time(store: JobStore, database: Database) -> None:
    """A job that is begun again after a crash started when it first did."""
    assert await store.begin("j", "n")
    await database.run(lambda connection: connection.execute(update(jobs).values(started_at=1_000_000)))
    assert await store.begin("j", "n")
    started = (await job(store)).started_at
    assert started is not None
    assert started.timestamp() == 1


async def test_foreign_and_unknown_jobs_are_not_there(store: JobStore) -> None:
    """NC-14: another tenant's job is as unknown as one that never was."""
    assert await store.get("j", "other") is None
    assert await store.get("k", "shop") is None


async def test_batch_waits_for_its_parts(store: JobStore) -> None:
    """A batch is as far as its parts are together, and is taken up when all have ended, however they did."""
    parts = [NewJob(id=f"p{index}", tenant="shop", order=ORDER, parent="b", position=index) for index in range(2)]
    await store.add(NewJob(id="b", tenant="shop", order=ORDER, parts=2), *parts)
    assert [part.id for part in await store.parts("b")] == ["p0", "p1"]
    assert await store.begin("p0", "n")
    batch = await store.get("b")
    assert batch is not None
    assert (batch.state, batch.parts_left, batch.progress) == (State.RUNNING, 2, 0)
    assert await store.succeed("p0", "{}")
    assert await store.fail("p1", "{}")
    batch = await store.get("b")
    assert batch is not None
    assert (batch.state, batch.parts_left, batch.progress) == (State.RUNNING, 0, 1)


async def test_cancelled_batch_takes_its_parts_along(store: JobStore) -> None:
    """What has ended stays; what waits or runs ends."""
    parts = [NewJob(id=f"p{index}", tenant="shop", order=ORDER, parent="b", position=index) for index in range(3)]
    await store.add(NewJob(id="b", tenant="shop", order=ORDER, parts=3), *parts)
    assert await store.begin("p0", "n")
    assert await store.succeed("p0", "{}")
    assert await store.begin("p1", "n")
    assert await store.cancel("b")
    assert [part.state for part in await store.parts("b")] == [State.SUCCEEDED, State.CANCELLED, State.CANCELLED]
    assert not await store.cancel("b")


async def test_listing_pages_without_parts(store: JobStore) -> None:
    """NC-15: newest first, by cursor, of one tenant; the parts of a batch stand with it."""
    await store.add(*(NewJob(id=f"n{index}", tenant="shop", order=ORDER) for index in range(4)))
    await store.add(NewJob(id="part", tenant="shop", order=ORDER, parent="n3"))
    await store.add(NewJob(id="x", tenant="other", order=ORDER))
    first, cursor = await store.list("shop", limit=3)
    assert [row.id for row in first] == ["n3", "n2", "n1"]
    second, end = await store.list("shop", cursor=cursor, limit=3)
    assert [row.id for row in second] == ["n0", "j"]
    assert end is None
    await store.cancel("n2")
    only, _ = await store.list("shop", state=State.CANCELLED)
    assert [row.id for row in only] == ["n2"]

"""Waiting for jobs on SQLite and PostgreSQL: several at once, from several processes, over outages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing

import pytest
from sqlalchemy import Connection, delete, event, update

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.jobs.events import job_events
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.watching import TICK_SECONDS, Watch
from filemill_server.jobs.work import Work, encode_order
from filemill_server.tables import jobs
from real_parts import PostgresServer

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()


@pytest.fixture
async def store(database: Database) -> JobStore:
    """Jobs of an empty database, with one that waits."""
    made = JobStore(database)
    await made.add(NewJob(id="j", tenant="shop", order=ORDER))
    return made


@pytest.fixture
async def watch(store: JobStore) -> AsyncIterator[Watch]:
    """A watch over them."""
    made = Watch(store)
    yield made
    made.close()


@pytest.fixture
def queries(database: Database) -> Iterator[list[str]]:
    """The queries for jobs that are sent to the database."""
    seen: list[str] = []

    def note(connection: Connection, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith("SELECT jobs."):
            seen.append(statement)

    engine = database._reader
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def advance(database: Database, id: str, **values: object) -> None:
    """Change a job as another process does: past the watch."""
    await database.run(lambda connection: connection.execute(update(jobs).where(jobs.c.id == id).values(values)))


async def gather(watch: Watch, id: str, into: list[JobRow]) -> None:
    """Keep what a watch gives of a job, until it ends."""
    async with aclosing(watch.changes(id)) as changes:
        async for row in changes:
            into += [row]


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_every_change_is_told(watch: Watch, store: JobStore, database: Database) -> None:
    """NA-50: the row now, each change of state, progress and step, and nothing after the end."""
    seen: list[JobRow] = []
    task = asyncio.create_task(gather(watch, "j", seen))
    await until(lambda: len(seen) == 1)
    assert await store.begin("j", "n")
    await until(lambda: len(seen) == 2)
    await advance(database, "j", progress=0.5)
    await until(lambda: len(seen) == 3)
    await advance(database, "j", step="page 2")
    await until(lambda: len(seen) == 4)
    await advance(database, "j", attempts=5, node="other")  # nobody sees that
    await asyncio.sleep(TICK_SECONDS * 2)
    assert await store.succeed("j", "{}")
    await task
    assert [(row.state, row.progress, row.step) for row in seen] == [
        (State.QUEUED, 0, None),
        (State.RUNNING, 0, None),
        (State.RUNNING, 0.5, None),
        (State.RUNNING, 0.5, "page 2"),
        (State.SUCCEEDED, 1, None),
    ]


async def test_parts_of_a_batch_are_told(watch: Watch, store: JobStore) -> None:
    """NA-50: how many parts are left is a change of the batch."""
    parts = [NewJob(id=f"p{index}", tenant="shop", order=ORDER, parent="b", position=index) for index in range(2)]
    await store.add(NewJob(id="b", tenant="shop", order=ORDER, parts=2), *parts)
    seen: list[JobRow] = []
    task = asyncio.create_task(gather(watch, "b", seen))
    await until(lambda: len(seen) == 1)
    assert await store.fail("p0", "{}")
    await until(lambda: len(seen) == 2)
    assert [row.parts_left for row in seen] == [2, 1]
    task.cancel()


async def test_wait_returns_with_the_end_or_after_the_time(watch: Watch, store: JobStore) -> None:
    """NA-30: as soon as the job has ended, else as it is then."""
    waited = await watch.wait("j", 0.1)
    assert waited.state is State.QUEUED
    assert (await watch.wait("j", 0)).state is State.QUEUED
    waiting = asyncio.create_task(watch.wait("j", 30))
    await asyncio.sleep(0.05)
    assert await store.fail("j", "{}")
    started = time.monotonic()
    assert (await waiting).state is State.FAILED
    assert time.monotonic() - started < 2 * TICK_SECONDS + 0.5
    with pytest.raises(FilemillError) as caught:
        await watch.wait("unknown", 0.1)
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_who_is_told_does_not_wait_for_a_tick(
    watch: Watch, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NA-30: the process that runs a job wakes those who wait for it at once."""
    monkeypatch.setattr("filemill_server.jobs.watching.TICK_SECONDS", 30)
    waiting = asyncio.create_task(watch.wait("j", 20))
    await asyncio.sleep(0.2)
    assert await store.succeed("j", "{}")
    await asyncio.sleep(0.1)
    assert not waiting.done()
    watch.tell("j", "a job that nobody waits for")
    async with asyncio.timeout(2):
        assert (await waiting).state is State.SUCCEEDED


async def test_newcomers_see_the_job_as_it_is_now(
    watch: Watch, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NA-50: what was read for others a while ago is not what is told."""
    monkeypatch.setattr("filemill_server.jobs.watching.TICK_SECONDS", 30)
    early: list[JobRow] = []
    late: list[JobRow] = []
    first = asyncio.create_task(gather(watch, "j", early))
    await until(lambda: early)
    assert await store.begin("j", "n")
    second = asyncio.create_task(gather(watch, "j", late))
    await until(lambda: len(early) == 2 and late)
    assert [row.state for row in early] == [State.QUEUED, State.RUNNING]
    assert [row.state for row in late] == [State.RUNNING]
    first.cancel()
    second.cancel()


async def test_one_query_a_tick_and_none_when_nobody_waits(watch: Watch, store: JobStore, queries: list[str]) -> None:
    """However many watch however many jobs."""
    ids = [f"n{index}" for index in range(50)]
    await store.add(*(NewJob(id=name, tenant="shop", order=ORDER) for name in ids))
    seen: list[JobRow] = []
    tasks = [asyncio.create_task(gather(watch, name, seen)) for name in ids for _ in range(4)]
    await until(lambda: len(seen) == 200)
    queries.clear()
    await asyncio.sleep(4 * TICK_SECONDS)
    assert 1 <= len(queries) <= 5
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert watch._jobs == {}
    await until(lambda: watch._following is None or watch._following.done(), TICK_SECONDS * 3)
    queries.clear()
    await asyncio.sleep(3 * TICK_SECONDS)
    assert queries == []
    assert (await watch.wait("j", 0.2)).state is State.QUEUED  # and it begins again


async def test_many_ids_are_read_in_pieces(watch: Watch, store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database takes so many values in one query and no more."""
    monkeypatch.setattr("filemill_server.jobs.watching._MOST_AT_ONCE", 3)
    ids = [f"n{index}" for index in range(8)]
    await store.add(*(NewJob(id=name, tenant="shop", order=ORDER) for name in ids))
    waiting = [asyncio.create_task(watch.wait(name, 20)) for name in ids]
    await asyncio.sleep(0.1)
    for name in ids:
        assert await store.cancel(name)
    assert {row.id for row in await asyncio.gather(*waiting)} == set(ids)


async def test_a_job_that_goes_ends_the_stream(watch: Watch, store: JobStore, database: Database) -> None:
    """What is no more in the database changes no more."""
    seen: list[JobRow] = []
    task = asyncio.create_task(gather(watch, "j", seen))
    await until(lambda: seen)
    await database.run(lambda connection: connection.execute(delete(jobs)))
    async with asyncio.timeout(5):
        await task
    assert len(seen) == 1


async def test_closing_ends_all_waiting(watch: Watch) -> None:
    """A server that ends waits for no job."""
    seen: list[JobRow] = []
    task = asyncio.create_task(gather(watch, "j", seen))
    waiting = asyncio.create_task(watch.wait("j", 30))
    await until(lambda: seen)
    watch.close()
    async with asyncio.timeout(2):
        await task
        assert (await waiting).state is State.QUEUED
        assert (await watch.wait("j", 30)).state is State.QUEUED
    assert watch._jobs == {}


async def test_events_have_a_name_an_id_and_a_heartbeat(watch: Watch, store: JobStore) -> None:
    """NA-50: each change is an event, a comment comes where nothing changes, and newcomers do not keep it back."""
    given: list[bytes] = []

    async def read() -> None:
        async with aclosing(job_events(watch, "j", heartbeat_seconds=0.3)) as events:
            async for piece in events:
                given.extend([piece])

    task = asyncio.create_task(read())
    for _ in range(10):
        await watch.wait("j", 0.1)
    assert given[1:3] == [b":\n\n", b":\n\n"]
    assert await store.cancel("j")
    async with asyncio.timeout(5):
        await task
    told = [piece for piece in given if piece != b":\n\n"]
    assert [piece.splitlines()[0] for piece in told] == [b"event: job"] * 2
    first, last = (piece.splitlines()[1] for piece in told)
    assert first.startswith(b"id: ")
    assert first != last
    assert b'"status":"cancelled"' in told[1].splitlines()[2]


async def test_an_outage_of_the_database_ends_nothing(postgres: PostgresServer) -> None:
    """NA-50: who waits goes on waiting, and learns afterwards what has happened."""
    database = Database(postgres.new_database())
    database.migrate()
    store = JobStore(database)
    watch = Watch(store)
    await store.add(NewJob(id="j", tenant="shop", order=ORDER))
    seen: list[JobRow] = []
    task = asyncio.create_task(gather(watch, "j", seen))
    await until(lambda: seen)
    with postgres.stopped("immediate"):
        with pytest.raises(FilemillError, match="does not answer"):
            await store.get("j")
        await asyncio.sleep(3 * TICK_SECONDS)
        assert not task.done()
    assert await store.cancel("j")
    async with asyncio.timeout(10):
        await task
    watch.close()
    database.close()
    assert [row.state for row in seen] == [State.QUEUED, State.CANCELLED]

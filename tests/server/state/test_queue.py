"""Whose job is next: turns among tenants, urgency within one, limits over many processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import dedent
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, func, select, text, update

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.jobs.queue import _FIRST, _TENANTS, Queue, Waiting, turns
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.plans.declared import Plans
from filemill_server.plans.plan import Plan
from filemill_server.tables import jobs

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()

waiting = st.lists(
    st.builds(
        Waiting,
        st.text("abcdef", min_size=1, max_size=2),
        st.integers(0, 9),
        st.none() | st.integers(1, 10**15),
        st.none() | st.integers(1, 9),
    ),
    max_size=8,
    unique_by=lambda each: each.tenant,
)


@given(waiting, st.integers(0, 40), st.none() | st.integers(1, 9))
def test_turns_fill_places_and_keep_the_limit(tenants: list[Waiting], places: int, limit: int | None) -> None:
    """Nobody gets over the limit, and no place stays empty while somebody may have it."""
    given = turns(tenants, places, limit)
    most = {each.tenant: min(limit or 99, each.limit or 99) for each in tenants}
    room = {each.tenant: max(0, most[each.tenant] - each.running) for each in tenants}
    assert all(0 < count <= room[tenant] for tenant, count in given.items())
    assert sum(given.values()) == min(places, sum(room.values()) if room else 0)


@given(waiting, st.integers(0, 40), st.none() | st.integers(1, 9))
def test_turns_go_to_who_has_least(tenants: list[Waiting], places: int, limit: int | None) -> None:
    """Nobody gets a place while somebody who may have it would have fewer jobs running even with it."""
    given = turns(tenants, places, limit)
    after = {each.tenant: each.running + given.get(each.tenant, 0) for each in tenants}
    for taker in given:
        for other in tenants:
            if after[other.tenant] < min(limit or 99, other.limit or 99):
                assert after[other.tenant] >= after[taker] - 1


@given(st.permutations([1, 2, 3, 4]), st.integers(1, 12))
def test_turns_begin_with_who_waited_longest(started: Sequence[int], places: int) -> None:
    """With as many jobs running each, it goes round by the time of the last start."""
    tenants = [Waiting(str(moment), 2, moment) for moment in started]
    given = turns(tenants, places, None)
    assert given == Counter(str(turn % 4 + 1) for turn in range(places))


def new(tenant: str, number: int, urgency: int = 3, **fields: object) -> NewJob:
    """A job that waits."""
    return NewJob(id=f"{tenant}-{number}", tenant=tenant, order=ORDER, urgency=urgency, **fields)  # type: ignore[arg-type]


@pytest.fixture
def store(database: Database) -> JobStore:
    """Jobs of an empty database."""
    return JobStore(database)


async def test_thousand_jobs_of_one_do_not_hold_up_another(database: Database, store: JobStore) -> None:
    """The one job of a second tenant is in the next claim, after a thousand that came before it."""
    await store.add(*(new("many", number) for number in range(1000)))
    queue = Queue(database, "n", None)
    assert {row.tenant for row in await queue.claim(4)} == {"many"}
    await store.add(new("one", 0))
    assert [row.id for row in await queue.claim(2)] == ["one-0", "many-4"]


async def test_urgent_before_old(database: Database, store: JobStore) -> None:
    """RFC 9218: of one tenant the lowest urgency goes first, then the oldest."""
    for number, urgency in enumerate([3, 7, 0, 3, 1]):
        await store.add(new("shop", number, urgency))
    queue = Queue(database, "n", None)
    taken = [row.id for _ in range(5) for row in await queue.claim(1)]
    assert taken == ["shop-2", "shop-4", "shop-0", "shop-3", "shop-1"]
    assert await queue.claim(1) == []


async def test_urgency_does_not_reach_over_tenants(database: Database, store: JobStore) -> None:
    """Who calls all own jobs urgent gets no more than a turn."""
    await store.add(*(new("loud", number, 0) for number in range(10)))
    await store.add(*(new("meek", number, 7) for number in range(10)))
    taken = await Queue(database, "n", None).claim(6)
    assert Counter(row.tenant for row in taken) == {"loud": 3, "meek": 3}


async def test_claimed_job_is_the_claimers(database: Database, store: JobStore) -> None:
    """It runs, with its first attempt counted, and nobody else gets it."""
    await store.add(new("shop", 0))
    (row,) = await Queue(database, "one", None).claim(3)
    assert (row.state, row.node, row.attempts, row.started_at is not None) == (State.RUNNING, "one", 1, True)
    assert await Queue(database, "two", None).claim(3) == []
    assert await Queue(database, "one", None).left_by("one") == {"shop-0": 1}


async def test_handed_back_counts_no_attempt(database: Database, store: JobStore) -> None:
    """Deploying a server often does not fail a job."""
    await store.add(new("shop", 0))
    queue = Queue(database, "one", None)
    await queue.claim(1)
    await queue.hand_back(["shop-0"])
    row = await store.begin("shop-0", "two")
    assert row is not None
    assert row.attempts == 1


async def test_batch_waits_for_its_parts(database: Database, store: JobStore) -> None:
    """Its own work is gathering what they made."""
    batch = NewJob(id="batch", tenant="shop", order=ORDER, parts=2)
    await store.add(batch, *(new("shop", number, parent="batch", position=number) for number in range(2)))
    queue = Queue(database, "n", None)
    assert {row.id for row in await queue.claim(9)} == {"shop-0", "shop-1"}
    assert not (await queue.news()).waiting
    assert await store.succeed("shop-0", "{}")
    assert await queue.claim(9) == []
    assert await store.fail("shop-1", "{}")
    assert (await queue.news()).waiting
    assert [row.id for row in await queue.claim(9)] == ["batch"]


async def test_plan_limits_its_tenant(database: Database, store: JobStore) -> None:
    """NA-61, FW-56: the plan of a tenant's next job and the server's own limit hold, whichever is less."""
    plans = Plans({name: Plan(name=name, concurrent_jobs=most) for name, most in (("two", 2), ("nine", 9))})
    for number in range(6):
        await store.add(new("a", number, plan="two"), new("b", number, plan="nine"), new("c", number, plan="gone"))
    queue = Queue(database, "one", 4, plans)
    taken = Counter(row.tenant for row in await queue.claim(30))
    assert taken == {"a": 2, "b": 4, "c": 4}
    assert await Queue(database, "two", 4, plans).claim(30) == []
    await store.succeed("a-0", "{}")
    assert [row.id for row in await queue.claim(30)] == ["a-2"]


CLAIMER = """
    import asyncio, sys
    from filemill_server.database import Database
    from filemill_server.jobs.queue import Queue

    async def main(url, node):
        database = Database(url)
        queue = Queue(database, node, 5)
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(30):
            await asyncio.gather(*(queue.claim(2) for _ in range(3)))
        database.close()

    asyncio.run(main(*sys.argv[1:]))
"""


async def test_limit_holds_over_processes(database: Database, store: JobStore, empty_url: str) -> None:
    """Two processes that claim at once, each many times, start exactly as many of a tenant as may run."""
    await store.add(*(new(tenant, number) for tenant in ("a", "b") for number in range(50)))
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", dedent(CLAIMER), empty_url, node],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for node in ("one", "two")
    ]
    for claimer in claimers:
        assert claimer.stdout is not None
        assert await asyncio.to_thread(claimer.stdout.readline) == "ready\n"
    told = [asyncio.to_thread(claimer.communicate, "go\n", 60) for claimer in claimers]
    await asyncio.gather(*told)
    assert [claimer.returncode for claimer in claimers] == [0, 0]
    query = select(jobs.c.tenant, func.count()).where(jobs.c.state == State.RUNNING).group_by(jobs.c.tenant)
    running = await database.read(lambda connection: connection.execute(query).all())
    assert sorted(map(tuple, running)) == [("a", 5), ("b", 5)]


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_process_that_stands_still_holds_up_nobody(
    database: Database, store: JobStore, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a claim: PostgreSQL ends its transaction, others claim, and it finds out when it goes on."""
    stands, goes_on = Event(), Event()
    still, other = Queue(database, "one", 5), Database(empty_url)

    def stand_still(connection: Connection, places: int) -> list[JobRow]:
        stands.set()
        goes_on.wait(30)
        connection.execute(select(1))
        return []

    monkeypatch.setattr(still, "_take", stand_still)
    await store.add(new("a", 1))
    claiming = asyncio.create_task(still.claim(1))
    try:
        assert await asyncio.to_thread(stands.wait, 10)
        assert [row.id for row in await Queue(other, "two", 5).claim(1)] == ["a-1"]
        assert not claiming.done()
    finally:
        goes_on.set()
        other.close()
    with pytest.raises(FilemillError) as caught:
        await claiming
    assert caught.value.code is ErrorCode.OVERLOADED


@contextmanager
def statements() -> Iterator[list[str]]:
    """Gather the statements that any engine executes."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_long_queue_costs_no_more(database: Database, store: JobStore) -> None:
    """With ten thousand jobs waiting, a claim and a page are the same few statements, and none reads all rows."""
    queue = Queue(database, "n", None)
    counts: list[tuple[int, int]] = []
    for already, more in ((0, 20), (20, 9_980)):
        await store.add(*(new(f"t{number % 10}", number) for number in range(already, already + more)))
        if more > 1000:
            await database.run(lambda connection: connection.exec_driver_sql("ANALYZE"))
        with statements() as claiming:
            assert len(await queue.claim(5)) == 5
        with statements() as listing:
            await store.list("t0", limit=10)
        counts.append((len(claiming), len(listing)))
        await database.run(lambda connection: connection.execute(update(jobs).values(state=State.QUEUED)))
    assert counts[0] == counts[1]
    kind = database._writer.dialect.name
    explain = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
    for query in (_TENANTS, _FIRST.bindparams(tenant="t0", count=5)):
        asked = text(explain + str(query)).bindparams(**query.compile().params)
        plan = await database.read(lambda connection, asked=asked: connection.execute(asked).all())
        told = "\n".join(str(row) for row in plan)
        assert "ix_jobs_" in told
        assert "SCAN jobs'" not in told
        assert "Seq Scan on jobs" not in told, told

"""Jobs as their owners use them, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.jobs.jobs import Jobs
from filemill_server.jobs.rows import NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.watching import Watch
from filemill_server.jobs.work import Work, encode_order

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()


@pytest.fixture
async def store(database: Database) -> JobStore:
    """Jobs of an empty database, with one that waits."""
    made = JobStore(database)
    await made.add(NewJob(id="j", tenant="shop", order=ORDER))
    return made


@pytest.mark.parametrize(("id", "tenant"), [("j", "other"), ("k", "shop"), ("j\x00", "shop"), ("\ud800", "shop")])
async def test_what_is_not_there(store: JobStore, id: str, tenant: str) -> None:
    """NC-14: one answer for all, for ids too that a database does not take."""
    owned = Jobs(store, Watch(store))
    for asked in (owned.get(id, tenant), owned.cancel(id, tenant)):
        with pytest.raises(FilemillError) as caught:
            await asked
        assert caught.value.code is ErrorCode.NOT_FOUND
    assert (await owned.get("j", "shop")).state is State.QUEUED


async def test_of_a_cancellation_and_another_end_one_wins(store: JobStore) -> None:
    """NA-50: a caller who is told that a job is cancelled never finds it ended in another way."""
    owned = Jobs(store, Watch(store))
    await store.add(*(NewJob(id=f"n{index}", tenant="shop", order=ORDER) for index in range(20)))
    for index in range(20):
        name = f"n{index}"
        cancelled, _ = await asyncio.gather(
            owned.cancel(name, "shop"), store.succeed(name, "{}"), return_exceptions=True
        )
        row = await owned.get(name, "shop")
        if cancelled is None:
            assert row.state is State.CANCELLED
        else:
            assert isinstance(cancelled, FilemillError)
            assert cancelled.code is ErrorCode.CONFLICT
            assert row.state is State.SUCCEEDED

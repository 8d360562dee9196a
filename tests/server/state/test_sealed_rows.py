"""What jobs and kept answers hold is encrypted in the database."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Table, select

from filemill import ErrorCode, FilemillError
from filemill.sources import Source
from filemill_server.database import Database
from filemill_server.idempotency import Idempotency, Stored
from filemill_server.jobs.rows import NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.texts import JobTexts
from filemill_server.jobs.work import Work, encode_order
from filemill_server.tables import idempotency, jobs, webhook_deliveries
from filemill_server.webhooks.deliveries import Deliveries
from filemill_server.webhooks.sealing import Purpose, Sealer

OLD, NEW = b"the secret of before", b"the secret of now..."
WORK = Work(
    sources=[("/source", Source(url="https://h/x?token=hidden", headers={"Authorization": "hidden"}))],
    base_url="http://localhost",
)
RESULT = '{"assetId": "a", "url": "http://localhost/v1/assets/a?expires=1&signature=hidden"}'
HOOK = "https://hooks.example/?token=hidden"
ANSWER = Stored(200, {"Content-Type": "application/json"}, RESULT.encode() + b"\x80\xff")
PLACE = ("shop", "POST", "/v1/flip", "key")

pytestmark = pytest.mark.anyio


def store(database: Database, secret: bytes = OLD, previous: bytes | None = None) -> JobStore:
    """Return the jobs of a server with a secret."""
    return JobStore(database, Sealer(secret, Purpose.JOB, previous))


def answers(database: Database, secret: bytes = OLD, previous: bytes | None = None) -> Idempotency:
    """Return the kept answers of a server with a secret."""
    return Idempotency(database, "node", Sealer(secret, Purpose.ANSWER, previous))


async def add(jobs: JobStore) -> None:
    """Keep a job that waits."""
    await jobs.add(NewJob(id="j", tenant="shop", order=encode_order(WORK).decode(), webhook=HOOK))


async def rows(database: Database, table: Table) -> str:
    """Return all that a table holds, as text."""
    found: Any = await database.read(lambda connection: connection.execute(select(table)).all())
    assert found
    return repr(found)


async def test_jobs(database: Database) -> None:
    """What a job has to do and what came of it are read back, and neither stands in the row as it is."""
    kept = store(database)
    await add(kept)
    row = await kept.begin("j", "n")
    assert row is not None
    assert kept.order_of(row) == WORK
    assert "hidden" not in await rows(database, jobs)
    assert await kept.succeed("j", RESULT)
    for read in (await kept.get("j"), (await kept.get_many(["j"]))[0], (await kept.list("shop"))[0][0]):
        assert read is not None
        assert (read.result, read.webhook) == (RESULT, HOOK)
    assert "hidden" not in await rows(database, jobs)


async def test_jobs_of_before(database: Database) -> None:
    """Under a new secret, jobs of before are read while the old one is known; so are those of before encryption."""
    await add(JobStore(database))
    changed = store(database, NEW, OLD)
    row = await changed.begin("j", "n")
    assert row is not None
    assert changed.order_of(row) == WORK
    assert await store(database).succeed("j", RESULT)
    read = await changed.get("j")
    assert read is not None
    assert (read.result, read.webhook) == (RESULT, HOOK)


async def test_jobs_that_cannot_be_read(database: Database) -> None:
    """Without the secret that they were encrypted under a job fails, with a reason, and lists go on."""
    await add(store(database))
    lost = store(database, NEW)
    row = await lost.begin("j", "n")
    assert row is not None
    with pytest.raises(FilemillError, match="another secret") as caught:
        lost.order_of(row)
    assert caught.value.code is ErrorCode.INTERNAL_ERROR
    assert await lost.fail("j", "{}")
    ended = await lost.get("j")
    assert ended is not None
    assert (ended.state, ended.result, ended.webhook) == (State.FAILED, None, None)


async def test_messages(database: Database) -> None:
    """A message that waits, and where it goes, are read back, and neither stands in the row as it is."""
    kept = Deliveries(database, JobTexts(Sealer(OLD, Purpose.JOB)))
    made = await kept.begin("j", "shop", HOOK, RESULT.encode())
    assert (made.url, made.body) == (HOOK, RESULT.encode())
    assert "hidden" not in await rows(database, webhook_deliveries)
    before = Deliveries(database, JobTexts(None))
    await before.begin("k", "shop", HOOK, RESULT.encode())
    assert await kept.get("k") == replace(made, job_id="k")
    lost = await Deliveries(database, JobTexts(Sealer(NEW, Purpose.JOB))).get("j")
    assert lost is not None
    assert lost.body is None


async def test_answers(database: Database) -> None:
    """An answer is given again as it was, and does not stand in the row as it is; it is forgotten by what it says."""
    kept = answers(database)
    assert await kept.begin(*PLACE, "f") is None
    await kept.finish(*PLACE, ANSWER)
    assert await kept.begin(*PLACE, "f") == ANSWER
    assert await answers(database, NEW, OLD).begin(*PLACE, "f") == ANSWER
    assert "hidden" not in await rows(database, idempotency)
    with pytest.raises(FilemillError, match="can't be read"):
        await answers(database, NEW).begin(*PLACE, "f")
    await kept.forget(*PLACE, Stored(200, {}, b"another"))
    assert await kept.begin(*PLACE, "f") == ANSWER
    await kept.forget(*PLACE, ANSWER)
    assert await kept.begin(*PLACE, "f") is None

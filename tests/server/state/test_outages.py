"""A database or a store that does not answer: what callers are told, and for how long they wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, insert, select, text

from filemill.errors import ErrorCode, FilemillError
from filemill_server import assets as stored_assets
from filemill_server import database as databases
from filemill_server import outages
from filemill_server.assets import Asset, Assets
from filemill_server.database import Database
from filemill_server.idempotency import Idempotency
from filemill_server.jobs import runner
from filemill_server.jobs.pace import Pace
from filemill_server.jobs.rows import NewJob
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.services import Services
from filemill_server.storage import Storage
from filemill_server.tables import installation
from real_parts import ObjectStoreServer, PostgresServer

pytestmark = pytest.mark.anyio

BOUND = 8.0
"""How long a caller waits at most for the word that a stopped part is away, seconds."""


@pytest.fixture
def on_postgres(postgres: PostgresServer) -> Iterator[Database]:
    """A database on PostgreSQL with the present schema."""
    made = Database(postgres.new_database())
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def on_s3(object_store: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Storage:
    """A store on S3."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    return Storage.open(f"s3://{object_store.new_bucket()}/files", tmp_path)


def one(connection: Connection) -> int:
    """Ask the database for a 1."""
    return int(connection.execute(text("SELECT 1")).scalar_one())


def enter(name: str) -> Callable[[Connection], object]:
    """Return work that puts an id into a table."""
    return lambda connection: connection.execute(insert(installation), {"id": name})


async def away(work: Awaitable[object], part: str, within: float = BOUND) -> None:
    """Check that work is refused in time because a part is away, with a time to come again."""
    begin = time.monotonic()
    with pytest.raises(FilemillError, match=f"The {part} does not answer") as caught:
        await work
    assert time.monotonic() - begin < within
    assert (caught.value.code, caught.value.retry_after) == (ErrorCode.OVERLOADED, outages.RETRY_SECONDS)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_stopped_database(postgres: PostgresServer, on_postgres: Database, mode: str) -> None:
    """While PostgreSQL is stopped all work on it is `OVERLOADED` at once; with it back, the same object works."""
    assert await asyncio.gather(*(on_postgres.read(one) for _ in range(20))) == [1] * 20
    with postgres.stopped(mode):
        for _ in range(2):
            await away(on_postgres.read(one), "database")
            await away(on_postgres.run(enter("lost")), "database")
    await on_postgres.run(enter("kept"))
    ids = await on_postgres.read(lambda connection: set(connection.execute(select(installation.c.id)).scalars()))
    assert "kept" in ids
    assert "lost" not in ids


async def test_database_lost_in_the_middle(postgres: PostgresServer, on_postgres: Database) -> None:
    """A transaction whose connection is lost is undone, and the caller is told to come again."""
    loop = asyncio.get_running_loop()
    inside = asyncio.Event()

    def slow(connection: Connection) -> None:
        enter("half")(connection)
        loop.call_soon_threadsafe(inside.set)
        connection.execute(text("SELECT pg_sleep(30)"))

    writing = asyncio.create_task(on_postgres.run(slow))
    await inside.wait()
    with postgres.stopped("immediate"):
        await away(writing, "database")
    ids = await on_postgres.read(lambda connection: set(connection.execute(select(installation.c.id)).scalars()))
    assert "half" not in ids


async def test_silent_database(on_postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits without end for a database that says nothing."""
    monkeypatch.setattr(databases, "ANSWER_SECONDS", 0.5)
    await away(on_postgres.read(lambda connection: connection.execute(text("SELECT pg_sleep(2)"))), "database", 1.5)
    assert await on_postgres.read(one) == 1


async def test_late_work_is_undone(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """NA-62: what ends after its caller was told to come again is undone: a unit is not taken without an answer."""
    monkeypatch.setattr(databases, "ANSWER_SECONDS", 0.5)
    first, second = (Database(url) for url in [postgres.new_schema()] * 2)
    first.migrate()

    def late(connection: Connection) -> None:
        enter("late")(connection)
        connection.execute(text("SELECT pg_sleep(1.5)"))

    await away(first.run(late), "database")
    first.close()  # it waits for its threads
    ids = await second.read(lambda connection: set(connection.execute(select(installation.c.id)).scalars()))
    second.close()
    assert "late" not in ids


async def test_wrong_statements_are_defects(database: Database) -> None:
    """What is wrong with a statement is not taken for an outage, on either database."""
    with pytest.raises(Exception, match="nothing") as caught:
        await database.read(lambda connection: connection.execute(text("SELECT * FROM nothing")))
    assert not isinstance(caught.value, FilemillError)
    assert await database.read(one) == 1


async def test_locked_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file that another program keeps locked is an outage as well."""
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.2)
    database, other = (Database(f"sqlite:///{tmp_path / 'filemill.db'}") for _ in range(2))
    database.migrate()
    inside, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: Connection) -> None:
        loop.call_soon_threadsafe(inside.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(10)

    holding = asyncio.create_task(other.run(hold))
    await inside.wait()
    await away(database.run(enter("waits")), "database")
    leave.set()
    await holding
    await database.run(enter("waits"))
    database.close()
    other.close()


async def test_stopped_store(object_store: ObjectStoreServer, on_s3: Storage, tmp_path: Path) -> None:
    """While the store is stopped all that is asked of it is `OVERLOADED` in time; with it back, it works."""
    (tmp_path / "made").write_bytes(b"kept")
    await on_s3.adopt(tmp_path / "made", "a/b")
    (tmp_path / "made").write_bytes(b"again")

    async def listed() -> list[str]:
        return [entry.name async for page in on_s3.names() for entry in page]

    async def streamed() -> bytes:
        return b"".join([piece async for piece in on_s3.stream("a/b")])

    with object_store.stopped():
        await away(on_s3.fetch("a/b", tmp_path / "copy"), "storage")
        await away(on_s3.adopt(tmp_path / "made", "a/c"), "storage")
        await away(on_s3.copy("a/b", "a/d"), "storage")
        await away(on_s3.delete(["a/b"]), "storage")
        await away(streamed(), "storage")
        await away(listed(), "storage")
        with pytest.raises(OSError, match="error sending request"):
            await on_s3.check()
    assert await listed() == ["a/b"]
    assert await streamed() == b"kept"
    await on_s3.adopt(tmp_path / "made", "a/c")
    assert await on_s3.fetch("a/b", tmp_path / "copy") == 4


async def test_missing_bucket(object_store: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bucket that is not there, as the operator may yet mend it, is an outage and no defect."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "made").write_bytes(b"x")
    await away(Storage.open("s3://no-such-bucket", tmp_path).adopt(tmp_path / "made", "a"), "storage")


async def test_half_fetched_files_are_removed(
    object_store: ObjectStoreServer, on_s3: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch that breaks off leaves nothing, so that it can be done again to the same place."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)
    await on_s3.adopt(tmp_path / "large", "large")
    fetching = asyncio.create_task(on_s3.fetch("large", tmp_path / "copy"))
    while not (tmp_path / "copy").exists():
        await asyncio.sleep(0.001)
    with object_store.stopped():
        await away(fetching, "storage", 3 * BOUND)
        assert not (tmp_path / "copy").exists()
    assert await on_s3.fetch("large", tmp_path / "copy") == 64 << 20


KEY = ("tenant", "POST", "/v1/resize", "key")


async def test_keys_are_let_go_of_when_the_database_is_back(postgres: PostgresServer, on_postgres: Database) -> None:
    """NC-04: a request that failed in an outage can be repeated under its key once it is over."""
    idempotency = Idempotency(on_postgres, "holder")
    assert await idempotency.begin(*KEY, "body") is None
    with postgres.stopped():
        await idempotency.release(*KEY)
        await away(idempotency.begin(*KEY, "body"), "database")
    assert await idempotency.begin(*KEY, "body") is None
    with pytest.raises(FilemillError) as caught:
        await idempotency.begin(*KEY, "body")
    assert caught.value.code is ErrorCode.CONFLICT


async def test_sweep_lets_go_of_keys_nobody_works_under(postgres: PostgresServer, on_postgres: Database) -> None:
    """NC-04: on another node as well, a minute later; keys that requests work under stay held."""
    mine, other = Idempotency(on_postgres, "mine"), Idempotency(on_postgres, "other")
    busy = (*KEY[:3], "busy")
    assert await mine.begin(*KEY, "body") is None
    assert await mine.begin(*busy, "body") is None
    with postgres.stopped():
        await mine.release(*KEY)
    for seconds, free in ((0, False), (61, True)):
        await mine.sweep(datetime.now(UTC) + timedelta(seconds=seconds))
        if not free:
            with pytest.raises(FilemillError, match="still running"):
                await other.begin(*KEY, "body")
    assert await other.begin(*KEY, "body") is None
    with pytest.raises(FilemillError, match="still running"):
        await other.begin(*busy, "body")


async def test_nobody_waits_long_for_an_asset_on_its_way(
    database: Database, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An asset whose store is away is a 503 meanwhile, alone and in the list."""
    monkeypatch.setattr(stored_assets, "COMING_SECONDS", 0.2)
    assets = Assets(database, storage)
    never = asyncio.Event()

    async def adding() -> Asset:
        await never.wait()
        raise RuntimeError

    assets.begin("id", adding())
    await away(assets.get("id"), "storage", 2)
    await away(assets.list("tenant"), "storage", 2)
    assert await assets.get("other") is None
    never.set()
    await assets.settle()


async def test_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that nobody waits for is tried again through an outage, and not where it is wrong."""
    monkeypatch.setattr(outages, "PAUSES", (0.0, 0.0))
    errors = [outages.outage("storage", OSError()), outages.outage("database", OSError())]

    async def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert await outages.patiently(work) == "done"
    errors = [outages.outage("storage", OSError()) for _ in range(3)]
    await away(outages.patiently(work), "storage")
    errors = [FilemillError(ErrorCode.NOT_FOUND, "It has gone."), outages.outage("storage", OSError())]
    with pytest.raises(FilemillError, match="gone"):
        await outages.patiently(work)


class Deaf(JobStore):
    """Jobs of a database whose connection is lost once, when the end of a job is written and before it is told."""

    told = False

    async def succeed(self, *given: Any) -> bool:
        done = await super().succeed(*given)
        if not self.told:
            self.told = True
            raise outages.outage("database", OSError())
        return done


async def test_result_stays_whose_end_was_not_heard_of(
    database: Database, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NA-51: a job's end that was written, and lost on its way back, keeps its bytes; those of a second end go."""
    monkeypatch.setattr(runner, "FIRST_WAIT_SECONDS", 0.0)
    store = Deaf(database)
    await store.add(NewJob(id="j", tenant="shop", order=encode_order(Work(pipelines=[], base_url="http://h")).decode()))
    row = await store.begin("j", "n")
    assert row is not None
    names = iter(["made/1", "made/2"])

    async def make(*given: object) -> runner.Made:
        name = next(names)
        (tmp_path / "made").write_bytes(b"made")
        await storage.adopt(tmp_path / "made", name)
        columns = {"id": name[-1], "kind": "asset", "tenant": "shop", "storage_name": name, "filename": "a.txt"}
        kept = {"format": "text", "media_type": "text/plain", "size": 4, "sha256": "0" * 64, "facts": "{}"}
        times = {"created_at": 0, "modified_at": 0, "expires_at": None}
        return runner.Made({"name": name}, [{**columns, **kept, **times, "public": False}])

    runs = runner.Runner(cast(Services, SimpleNamespace(storage=storage)), store, Pace(1))
    monkeypatch.setattr(runs, "_make", make)
    for _ in range(2):
        await runs.run(row, lambda reached: None)
        assert [entry.name async for page in storage.names() for entry in page] == ["made/1"]

"""Transactions on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from filemill_server.database import Database, database_url
from filemill_server.tables import installation, metadata

pytestmark = pytest.mark.anyio

MIGRATE = "import sys; from filemill_server.database import Database; Database(sys.argv[1]).migrate()"
WRITE = """
import asyncio, sys
from sqlalchemy import insert
from filemill_server.database import Database
from filemill_server.tables import installation

async def main():
    database = Database(sys.argv[1])
    for index in range(30):
        row = {"id": f"{sys.argv[2]}-{index}"}
        await database.run(lambda connection: connection.execute(insert(installation), row))
    database.close()

asyncio.run(main())
"""


def enter(name: str) -> Callable[[Connection], object]:
    """Return work that puts an id into a table."""
    return lambda connection: connection.execute(insert(installation), {"id": name})


def ids(connection: Connection) -> set[str]:
    """Return the ids in a table."""
    return set(connection.execute(select(installation.c.id)).scalars())


async def test_schema_is_what_the_tables_say(database: Database) -> None:
    """Migrations give the tables of tables.py, neither more nor less, on both databases."""

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await database.read(differences) == []


async def test_processes_migrate_at_once(empty_url: str) -> None:
    """Four processes that start at the same moment end with one schema and one installation."""
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_url) for _ in range(4)]
    assert [await process.wait() for process in started] == [0] * 4
    database = Database(empty_url)
    assert len(await database.read(ids)) == 1
    database.close()


async def test_processes_write_at_once(database: Database, empty_url: str) -> None:
    """Writers of several processes wait for each other; none meets a locked database."""
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITE, empty_url, str(number)) for number in range(3)
    ]
    for index in range(30):
        await database.run(enter(f"own-{index}"))
    assert [await process.wait() for process in started] == [0] * 3
    assert len(await database.read(ids)) == 1 + 4 * 30


async def test_failed_work_is_undone_alone(database: Database) -> None:
    """Of many pieces of work at once, the ones that fail leave nothing and disturb no other."""

    def work(number: int) -> object:
        def write(connection: Connection) -> int:
            connection.execute(insert(installation), {"id": f"row-{number}"})
            if number % 3 == 0:
                raise ValueError(number)
            return number

        return write

    results = await asyncio.gather(*(database.run(work(number)) for number in range(30)), return_exceptions=True)  # type: ignore[arg-type]
    expected = {f"row-{number}" for number in range(30) if number % 3}
    assert {name for name in await database.read(ids) if name.startswith("row-")} == expected
    assert [isinstance(result, ValueError) for result in results] == [number % 3 == 0 for number in range(30)]
    with pytest.raises(IntegrityError):
        await database.run(enter("row-1"))


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    """While a transaction writes, others read what was there before it."""
    inside, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection) -> None:
        connection.execute(insert(installation), {"id": "slow"})
        loop.call_soon_threadsafe(inside.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)

    writing = asyncio.create_task(database.run(slow))
    await inside.wait()
    assert "slow" not in await asyncio.wait_for(database.read(ids), 5)
    go_on.set()
    await writing
    assert "slow" in await database.read(ids)


async def test_work_goes_on_when_its_waiter_is_gone(database: Database) -> None:
    """A write whose caller was cancelled neither blocks nor breaks the next ones."""
    tasks = [asyncio.create_task(database.run(enter(f"c-{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.run(lambda connection: connection.execute(text("SELECT 1")))
    assert {f"c-{n}" for n in range(1, 10, 2)} <= await database.read(ids)


async def test_closing_finishes_what_was_begun(empty_url: str) -> None:
    """Writes that were handed over before the end are in the database, later ones are refused."""
    database = Database(empty_url)
    database.migrate()
    writing = asyncio.create_task(database.run(enter("last")))
    await asyncio.sleep(0)
    await asyncio.to_thread(database.close)
    await writing
    with pytest.raises(RuntimeError):
        await database.run(ids)
    again = Database(empty_url)
    assert "last" in await again.read(ids)
    again.close()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg"),
        ("sqlite:////srv/filemill.db", "sqlite"),
    ],
)
def test_urls(given: str, driver: str) -> None:
    """Every usual spelling of a PostgreSQL URL goes to psycopg 3; a password survives."""
    url = database_url(given)
    assert url.drivername == driver
    assert url.password == ("p" if "@" in given else None)


@pytest.mark.parametrize("given", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_other_urls_are_refused(given: str) -> None:
    """A database that could not keep anything, or is of another kind, is refused with what would be right."""
    with pytest.raises(ValueError, match="database URL"):
        database_url(given)

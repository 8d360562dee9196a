"""The database: SQLite in WAL mode by default, PostgreSQL by setting; driven in threads."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from filemill_server.batches import Batches
from filemill_server.database_url import database_url
from filemill_server.migrations import HEAD
from filemill_server.outages import database_outages, outage

T = TypeVar("T")
Work = Callable[[Connection], object]

BUSY_SECONDS = 30
"""How long a write waits for another process to end its own, such as the command line beside a server."""
BATCH = 256
"""Transactions of one commit on SQLite."""
ANSWER_SECONDS = 10.0
"""How long work may take on PostgreSQL, whose machine may have gone without a word."""
THREADS = 8
"""Threads, and so connections, for reading; on PostgreSQL for everything."""
_POSTGRES = {
    "connect_timeout": 5,
    # A connection whose other side is gone without a word ends, and with it the thread that waits there.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
IDLE_SECONDS = 5
"""How long PostgreSQL waits for the next word of a transaction, whose locks others wait for: then its process stands
still, or its machine is gone."""
_MIGRATION_LOCK = 0x66696C656D696C6C  # an advisory lock of PostgreSQL is any 64-bit number


class Database:
    """A database whose every use is one transaction in a thread.

    On SQLite one thread does all writes. What waits for it shares one commit, so that the price of a sync to
    disk is shared and writers never meet a locked database.

    Raises:
        ValueError: the URL is of no supported database.
    """

    def __init__(self, url: str) -> None:
        parsed = database_url(url)
        self._is_sqlite = parsed.drivername == "sqlite"
        if self._is_sqlite:
            Path(cast(str, parsed.database)).parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite(parsed, "BEGIN IMMEDIATE", 1)
            self._reader = _sqlite(parsed, "BEGIN", THREADS)
        else:
            self._writer = self._reader = create_engine(
                parsed,
                pool_size=THREADS,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,  # of statements in errors, which are logged
                connect_args=_POSTGRES,
            )
            event.listen(self._writer, "connect", _prepare_postgres)
        self._threads = ThreadPoolExecutor(THREADS, "filemill-database")
        self._writes: Batches[Work, object] = Batches(self._commit, "filemill-writer", BATCH)

    def migrate(self) -> None:
        """Bring the schema up to date. Processes that start at once do it one after another."""
        with self._writer.begin() as connection:
            if not self._is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            if _version(connection) != HEAD:
                _upgrade(connection)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do work in one transaction that may write. It is committed when this returns, undone if it raises.

        `work` runs in another thread, alone with its connection. It does nothing but use that: where it shares
        a commit with work that fails, it is undone and done again.

        Raises:
            FilemillError: `OVERLOADED` where the database does not answer. The work is then undone, except where
                only the word that it is done was lost.
        """
        with database_outages():
            if self._is_sqlite:
                return cast(T, await self._writes.do(work))
            return await self._in_thread(self._writer, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads; it never waits for writers.

        Raises:
            FilemillError: `OVERLOADED` where the database does not answer.
        """
        with database_outages():
            return await self._in_thread(self._reader, work)

    def close(self) -> None:
        """Finish what was begun and let go of all connections."""
        self._writes.close()
        self._threads.shutdown()
        self._writer.dispose()
        self._reader.dispose()

    async def _in_thread(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        given_up = Event()
        doing = asyncio.get_running_loop().run_in_executor(self._threads, self._alone, engine, work, given_up)
        try:
            async with asyncio.timeout(None if self._is_sqlite else ANSWER_SECONDS) as waiting:
                return await doing
        except TimeoutError as error:
            if not waiting.expired():
                raise
            given_up.set()
            raise outage("database", error) from error

    @staticmethod
    def _alone(engine: Engine, work: Callable[[Connection], T], given_up: Event) -> T:
        with engine.begin() as connection:
            done = work(connection)
            if given_up.is_set():  # its caller was told that it is undone
                raise TimeoutError
            return done

    def _commit(self, works: Sequence[Work]) -> Sequence[object]:
        """Do a batch in one transaction; if any of it fails, each piece again in one of its own."""
        try:
            with self._writer.begin() as connection:
                return [_do(work, connection) for work in works]
        except _WorkError as failed:
            return [failed.__cause__] if len(works) == 1 else [self._commit([work])[0] for work in works]


class _WorkError(Exception):
    """A piece of work raised its cause; the database itself is well."""


def _version(connection: Connection) -> str | None:
    """Return which migration was the last; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # Alembic takes as long to import as a quarter of the server, and is needed when there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _do(work: Work, connection: Connection) -> object:
    try:
        return work(connection)
    except Exception as error:
        raise _WorkError from error


def _prepare_postgres(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    """Say so to the session, and not in what opens it: poolers such as PgBouncer refuse what they don't know there."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}")
    cursor.close()
    connection.commit()


def _sqlite(url: URL, begin: str, size: int) -> Engine:
    """Make an engine whose transactions start with a statement of ours: the driver's own come too late."""
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    _enter_wal(cast(sqlite3.Cursor, cursor))
    # FULL: a deletion must be on disk before its bytes go, or a power cut leaves a row without bytes.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _enter_wal(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL. The switch does not wait for a lock of its own accord (SQLite, "WAL-mode locking")."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return

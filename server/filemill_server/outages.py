"""The database or the store does not answer: a 503 that says when to come again, and patience where nobody waits."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from obstore.exceptions import BaseError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from filemill.errors import ErrorCode, FilemillError

T = TypeVar("T")

RETRY_SECONDS = 5
"""What `Retry-After` says of an outage."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Between the tries of work that goes on after its answer, seconds: a part may be away for half a minute."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}

log = structlog.get_logger(__name__)


def outage(part: str, cause: BaseException) -> FilemillError:
    """Make the error for a part that does not answer; its cause is for the log alone.

    Args:
        part: `database` or `storage`.
        cause: what was raised.
    """
    log.warning("part_does_not_answer", part=part, error=type(cause).__name__, reason=str(cause).partition("\n")[0])
    return FilemillError(
        ErrorCode.OVERLOADED, f"The {part} does not answer; try again in a moment.", retry_after=RETRY_SECONDS
    )


@contextmanager
def database_outages() -> Iterator[None]:
    """Turn a connection that can't be had, or was lost, into `OVERLOADED`; let through what is wrong with a statement.

    Where it was lost at the end of a transaction, what was written may stand all the same.
    """
    try:
        yield
    except DBAPIError as error:
        if not _passes(error):
            raise
        raise outage("database", error) from error


@contextmanager
def storage_outages() -> Iterator[None]:
    """Turn whatever a store answers, but that a file is not there, into `OVERLOADED`."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise outage("storage", error) from error


@contextmanager
def disk_outages() -> Iterator[None]:
    """Turn a disk without room for working files into `OVERLOADED`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise outage("disk", error) from error


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do work, again after a pause where a part does not answer.

    Raises:
        FilemillError: the last one, or what is no outage.
    """
    for pause in PAUSES:
        try:
            return await work()
        except FilemillError as error:
            if error.code is not ErrorCode.OVERLOADED:
                raise
        await asyncio.sleep(pause)
    return await work()


def _passes(error: DBAPIError) -> bool:
    """Whether the same statement may succeed later: SQLite has one exception for that and for wrong statements."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))

"""The address of a database, apart from the database: settings are read before anything large is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL


def database_url(url: str) -> URL:
    """Read a database URL: `sqlite:///PATH` or `postgresql://…`, which goes to psycopg 3.

    Raises:
        ValueError: it is something else.
    """
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - a third of a second
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("it is not a database URL") from None
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise ValueError("a database URL starts with sqlite:/// and a path, or with postgresql://")

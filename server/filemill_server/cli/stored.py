"""Commands that work with the database, beside a running server or without one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from filemill.errors import FilemillError
from filemill_server.cli.installation import settings_or_exit
from filemill_server.database import Database
from filemill_server.logs import configure_logs
from filemill_server.settings import Settings

T = TypeVar("T")


def with_database(use: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Use the database, which is made or brought up to date first."""
    configure_logs("error")
    settings = settings_or_exit()

    async def with_database() -> T:
        database = Database(settings.database)
        try:
            await asyncio.to_thread(database.migrate)
            return await use(database, settings)
        finally:
            database.close()

    try:
        return asyncio.run(with_database())
    except (ValueError, OSError, SQLAlchemyError, FilemillError) as error:
        click.echo(f"Error: {str(error).splitlines()[0]}", err=True)
        sys.exit(1)

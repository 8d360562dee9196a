"""A client of a dialect, for tests: its keys, and what the server keeps of what it does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import httpx

from live import LiveServer


@dataclass
class DialectClient:
    """A client at the prefix of a dialect."""

    dialect: ClassVar[str]

    server: LiveServer
    http: httpx.Client
    others: ExitStack

    @classmethod
    @contextmanager
    def of(cls, server: LiveServer, name: str) -> Iterator[Self]:
        """Give a client with a key of the dialect; all that it makes are closed at the end."""
        with ExitStack() as others:
            http = others.enter_context(httpx.Client(base_url=f"{server.address}/{cls.dialect}", timeout=60))
            yield cls(server, http, others).with_key(name)

    def new_key(self, name: str, dialect: str | None, plan: str | None = None) -> str:
        """Make a key, which is of the tenant of its name."""
        return self.server.new_key(name, dialect=dialect, plan=plan)

    def with_key(self, name: str, plan: str | None = None) -> Self:
        """Return a client with a key of its own."""
        headers = {"X-API-Key": self.new_key(name, self.dialect, plan)}
        http = self.others.enter_context(httpx.Client(base_url=self.http.base_url, headers=headers, timeout=60))
        return type(self)(self.server, http, self.others)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the server's database."""
        with closing(sqlite3.connect(self.server.data / "filemill.db", timeout=30)) as database:
            return database.execute(query, values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        """Change the database behind the server's back."""
        with closing(sqlite3.connect(self.server.data / "filemill.db", timeout=30)) as database, database:
            database.execute(statement, values)

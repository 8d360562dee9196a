"""Databases of both kinds, stores, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.storage import Storage
from filemill_server.uploads import Uploads
from real_parts import PostgresServer


@pytest.fixture
def anyio_backend() -> str:
    """The server runs on asyncio."""
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database without any table, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'filemill.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_schema()


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """A database with the present schema."""
    made = Database(empty_url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A store in a local folder."""
    return Storage.open(None, tmp_path / "files")


@pytest.fixture
def assets(database: Database, storage: Storage) -> Assets:
    """Assets on an empty database and store."""
    return Assets(database, storage)


@pytest.fixture
def uploads(database: Database, storage: Storage) -> Uploads:
    """Uploads on an empty database and store."""
    return Uploads(database, storage)

"""Two nodes over one PostgreSQL and one S3-compatible store, and one server on SQLite, to be hurt."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ledger import Ledger
from live import LiveServer, StartServer
from nodes import Pair, install_plugin
from real_parts import ObjectStoreServer, PostgresServer, shared_environment
from stores import store_of


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the environment of a node needs to have the operation `pages`."""
    return install_plugin(tmp_path_factory.mktemp("plugin") / "site")


@pytest.fixture(scope="module")
def single(start_server: StartServer, plugin: dict[str, str]) -> LiveServer:
    """One server on SQLite: two workers, of which jobs have one; a job may take four seconds."""
    return start_server(environment=plugin, workers="2", job_deadline_seconds="4")


@pytest.fixture
def single_client(single: LiveServer) -> Iterator[httpx.Client]:
    """A client of the one server."""
    with single.client() as client:
        yield client


@pytest.fixture(scope="module")
def shared_parts(postgres: PostgresServer, object_store: ObjectStoreServer) -> dict[str, str]:
    """The environment of nodes that share a fresh database and a fresh bucket."""
    return shared_environment(postgres, object_store)


@pytest.fixture(scope="module")
def lasting_pair(
    tmp_path_factory: pytest.TempPathFactory, shared_parts: dict[str, str], plugin: dict[str, str]
) -> Iterator[Pair]:
    """A server that runs no jobs and two nodes that do."""
    folder = tmp_path_factory.mktemp("pair")
    made = Pair(folder, shared_parts | plugin | {"FILEMILL_WORKERS": "1", "FILEMILL_DEADLINE_SECONDS": "2"})
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def pair(lasting_pair: Pair) -> Pair:
    """The three, all of which run."""
    lasting_pair.restore()
    return lasting_pair


@pytest.fixture
def ledger(pair: Pair, shared_parts: dict[str, str]) -> Iterator[Ledger]:
    """The database and the store of the two nodes."""
    made = Ledger(
        shared_parts["FILEMILL_DATABASE_URL"], store_of(shared_parts), shared_parts["FILEMILL_SECRET"].encode()
    )
    yield made
    made.close()

"""Servers on every kind of store, and clients of resumable uploads."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import httpx
import pytest

from live import LiveServer
from real_parts import ObjectStoreServer, PostgresServer
from tus_wire import Tus


def text(size: int, seed: int = 1) -> bytes:
    """Return bytes that are a text and never twice the same."""
    return random.Random(seed).randbytes(size // 2 + 1).hex().encode()[:size]


@pytest.fixture
def tus(client: httpx.Client) -> Tus:
    """A client of the shared server."""
    return Tus(client)


@pytest.fixture(scope="module", params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of servers with a store of each kind."""
    if request.param == "s3":
        server: ObjectStoreServer = request.getfixturevalue("object_store")
        return {"FILEMILL_STORAGE_URL": f"s3://{server.new_bucket()}/kept", **server.environment}
    return {"FILEMILL_STORAGE_URL": f"file://{tmp_path_factory.mktemp('store')}"}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, str]], LiveServer]]:
    """Start servers that can be killed; those that live are stopped at the end."""
    started: list[LiveServer] = []

    def begin(settings: dict[str, str]) -> LiveServer:
        server = LiveServer(tmp_path_factory.mktemp("server") / "data", {"FILEMILL_WORKERS": "1", **settings})
        started.append(server)
        server.start()
        return server

    yield begin
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def nodes(
    place: dict[str, str], postgres: PostgresServer, start: Callable[[dict[str, str]], LiveServer]
) -> tuple[LiveServer, LiveServer]:
    """Two servers over one database and one store."""
    shared = {**place, "FILEMILL_DATABASE_URL": postgres.new_database()}
    one, two = start(shared), start(shared)
    two.key = one.key
    return one, two

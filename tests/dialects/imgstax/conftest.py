"""One server that speaks Imgstax, for all tests of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imgstax_client import Imgstax, photo
from live import LiveServer, StartServer


@pytest.fixture(scope="session")
def imgstax_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """It may fetch from 127.0.0.1, and has a folder of sources."""
    folder: Path = tmp_path_factory.mktemp("originals")
    (folder / "deep").mkdir()
    (folder / "deep" / "photo.jpg").write_bytes(photo())
    (folder.parent / "secret.jpg").write_bytes(photo())
    return start_server(
        fetch_allow_networks="127.0.0.0/8",
        fetch_timeout_seconds="6",
        source_storage_url=folder.as_uri(),
        workers="2",
    )


@pytest.fixture(scope="session")
def imgstax(imgstax_server: LiveServer) -> Iterator[Imgstax]:
    """A client with a valid key."""
    with Imgstax(imgstax_server) as client:
        yield client

"""What every room's tests share: a live server, pictures, the corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
import pyvips

from live import LiveServer, StartServer

# The same examples in every run: what a change broke is told from what was always broken. To look for more:
# pytest --hypothesis-profile=default
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files; tests that need it are left out where it is absent."""
    folder = Path(os.environ.get("FILEMILL_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; FILEMILL_CORPUS names another place")
    return folder


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start servers with settings of their own; all are stopped at the end."""
    started: list[LiveServer] = []

    def start(**settings: str) -> LiveServer:
        data = tmp_path_factory.mktemp("server") / "data"
        environment = {f"FILEMILL_{name.upper()}": value for name, value in settings.items()}
        server = LiveServer(data, environment)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server: StartServer) -> LiveServer:
    """The server that most tests share: sources from 127.0.0.1 allowed, a deadline of ten seconds."""
    return start_server(fetch_allow_networks="127.0.0.0/8", deadline_seconds="10", workers="2")


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    """A client of the shared server, with a valid key."""
    with server.client() as found:
        yield found


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG of 1200x800 with four coloured quarters and some texture."""
    quarter = [
        pyvips.Image.gaussnoise(600, 400, mean=0, sigma=6) + list(colour)
        for colour in ((200, 40, 40), (40, 180, 60), (50, 60, 210), (230, 210, 60))
    ]
    image = pyvips.Image.arrayjoin(quarter, across=2).cast("uchar").copy(interpretation="srgb")
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    image.jpegsave(str(path), Q=88)
    return path

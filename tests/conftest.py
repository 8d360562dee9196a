"""What every room's tests share: a live server, pictures, the corpus."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import httpx
import hypothesis
import pytest
import pyvips

from live import SMALL_PLANS, LiveServer, StartServer
from real_parts import MissingPartError, ObjectStoreServer, PostgresServer

# The same examples in every run: what a change broke is told from what was always broken. To look for more:
# pytest --hypothesis-profile=default. How long an example takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("repeatable")

P = TypeVar("P", PostgresServer, ObjectStoreServer)

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_finish() -> None:
    """Keep the thousands of collected tests out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out, and why: a suite that passes without a part has not tried it."""
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.getreports("skipped"):
        if isinstance(report.longrepr, tuple):
            left_out[report.longrepr[2].removeprefix("Skipped: ")].append(report.nodeid)
    if left_out:
        terminalreporter.section("left out")
    for reason, tests in sorted(left_out.items()):
        terminalreporter.write_line(f"{len(tests)} because {reason}:")
        for test in sorted(tests):
            terminalreporter.write_line(f"  {test}")


@pytest.fixture(scope="session", autouse=True)
def one_trust() -> Iterator[None]:
    """Let all clients of this process share what they trust: to read the authorities takes each of them 50 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files; tests that need it are left out where it is absent."""
    folder = Path(os.environ.get("FILEMILL_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; FILEMILL_CORPUS names another place")
    return folder


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start servers with settings of their own, and an environment that several may share.

    All are stopped at the end of the module: a server that idles costs two percent of a core. The words are those of
    the command line; without any it is `serve`. What is killed or stopped may be started again: it keeps its data
    folder and its port.
    """
    started: list[LiveServer] = []

    def start(*words: str, environment: Mapping[str, str] | None = None, **settings: str) -> LiveServer:
        own = {f"FILEMILL_{name.upper()}": value for name, value in settings.items()}
        data = tmp_path_factory.mktemp("server") / "data"
        server = LiveServer(data, {**(environment or {}), **own}, words or ("serve",))
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The server that most tests share: sources from 127.0.0.1 allowed, a deadline of ten seconds."""
    settings = {"FETCH_ALLOW_NETWORKS": "127.0.0.0/8", "DEADLINE_SECONDS": "10", "WORKERS": "2"}
    data = tmp_path_factory.mktemp("server") / "data"
    shared = LiveServer(data, {f"FILEMILL_{name}": value for name, value in settings.items()})
    shared.start()
    yield shared
    shared.stop()


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The server that tests of plans and dialects share: small plans, a folder of sources, two dialects at the root."""
    folder = tmp_path_factory.mktemp("originals")
    (folder / "sources").mkdir()
    settings = {
        "PLANS_FILE": str(SMALL_PLANS),
        "ROOT_DIALECTS": "filewhirl,imgsmaller",
        "FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
        "FETCH_TIMEOUT_SECONDS": "6",
        "SOURCE_STORAGE_URL": (folder / "sources").as_uri(),
        "WORKERS": "2",
    }
    shared = LiveServer(folder / "data", {f"FILEMILL_{name}": value for name, value in settings.items()})
    shared.start()
    yield shared
    shared.stop()


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    """A client of the shared server, with a valid key."""
    with server.client() as found:
        yield found


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; tests that need it are left out where it can't be had."""
    yield from _part(PostgresServer)


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStoreServer]:
    """A store that speaks S3; tests that need it are left out where it can't be had."""
    yield from _part(ObjectStoreServer)


def _part(kind: type[P]) -> Iterator[P]:
    try:
        made = kind()
    except MissingPartError as error:
        pytest.skip(str(error))
    with made:
        yield made


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture that `make serve` draws."""
    path = tmp_path_factory.mktemp("sample") / "sample.jpg"
    subprocess.run([sys.executable, ROOT / "docs" / "sample.py", path], check=True, timeout=60)
    return path


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

"""What every room's tests share: a live server, pictures, the corpus."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pyvips

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files; tests that need it are left out where it is absent."""
    folder = Path(os.environ.get("FILEMILL_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; FILEMILL_CORPUS names another place")
    return folder


@dataclass
class LiveServer:
    """A real `filemill serve` process on 127.0.0.1 with a data folder of its own."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FILEMILL_")}
        return clean | {"FILEMILL_DATA_DIR": str(self.data), "FILEMILL_PORT": str(self.port)} | self.settings

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line with this server's settings."""
        return subprocess.run(
            [sys.executable, "-m", "filemill_server.cli", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    def start(self) -> None:
        """Start it (again, on the same data) and wait until it is ready."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        if not self.key:
            self.key = self.new_key("tests")
        self.log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "filemill_server.cli", "serve"],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"{self.address}/health/live", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not start:\n{Path(self.log.name).read_text()[-4000:]}")

    def new_key(self, name: str) -> str:
        """Make a key, which is a tenant of its own."""
        return self.command("keys", "create", "--name", name).stdout.strip()

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client with a key; "" for none."""
        sent = self.key if key is None else key
        headers = {"Authorization": f"Bearer {sent}"} if sent else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)

    def kill(self) -> None:
        """Kill it without warning."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self) -> None:
        """End it in peace; kills what does not end within ten seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


StartServer = Callable[..., LiveServer]


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


def picture(data: bytes) -> pyvips.Image:
    """Decode a small answer for looking at its pixels."""
    loader = pyvips.Image.new_from_buffer(data, "")
    return loader.copy_memory()

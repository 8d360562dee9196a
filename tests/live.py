"""A live server for tests, and what tests look at in its answers."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pyvips

from filemill_server.database import Database
from forked import Command, run_command, start_command
from ports import free_port

START_SECONDS = 60.0
TENANT = "first"
"""Of the key that a server makes at its first start."""
_WORKS = b" runs jobs"
_READY = b"Make a picture"
_KEY = re.compile(rb"fm_live_[A-Za-z0-9]{43}")
SMALL_PLANS = Path(__file__).with_name("small_plans.yaml")


@cache
def _empty_tables() -> Path:
    """Return a database with all tables and nothing in them; it is there as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="filemill-tables-")
    atexit.register(folder.cleanup)
    database = Database(f"sqlite:///{folder.name}/filemill.db")
    database.migrate()
    database.close()
    return Path(folder.name) / "filemill.db"


@dataclass
class LiveServer:
    """A real process of filemill, on 127.0.0.1 with a data folder of its own."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Its environment beyond the data folder and the port: `FILEMILL_…`, `AWS_…`."""
    words: Sequence[str] = ("serve",)
    """Its command: one that serves listens on the port, another says in its log that it works."""
    before: Sequence[str] = ()
    """What goes before the command, such as a program that gives it a place of its own."""
    port: int = 0
    key: str = ""
    admin: str = ""
    process: Command | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FILEMILL_", "AWS_"))}
        return clean | {"FILEMILL_DATA_DIR": str(self.data), "FILEMILL_PORT": str(self.port)} | self.settings

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line with this server's settings."""
        return run_command(words, self.environment, seconds=60)

    def start(self) -> None:
        """Start it (again, on the same data) and wait until it is ready."""
        self.port = self.port or free_port()
        self._begin()
        self.log = (self.data.parent / f"{self.data.name}.log").open("ab")
        before = self.log.tell()
        self.process = start_command(self.words, self.environment, Path(self.log.name), self.before)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            said = Path(self.log.name).read_bytes()[before:]
            if _READY in said and self._answers() if self.words[0] == "serve" else _WORKS in said:
                if not self.key and self.words[0] == "serve":
                    shown = _KEY.search(said)
                    self.key = shown[0].decode() if shown else self.new_key(TENANT)
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start:\n{Path(self.log.name).read_text()[-4000:]}")

    def _begin(self) -> None:
        """Give a first start on SQLite the empty tables it would make: hundreds of starts, half a second of each."""
        database = self.data / "filemill.db"
        if "FILEMILL_DATABASE_URL" not in self.settings and not database.exists():
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(_empty_tables(), database)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/live", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def new_key(self, name: str, **said: object) -> str:
        """Make a key, which is a tenant of its own; `said` is more that the API takes."""
        return str(self.make_key(name, **said)["key"])

    def make_key(self, name: str, **said: object) -> dict[str, Any]:
        """Make a key as `new_key` does, and return all that is told of it."""
        if not self.admin:
            self.admin = self.command("keys", "create", "--name", "admin", "--admin").stdout.strip()
        native = "/native" if "FILEMILL_ROOT_DIALECTS" in self.settings else ""
        with self.client(self.admin) as client:
            made = client.post(f"{native}/v1/keys", json={"name": name, **said})
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told

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
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


StartServer = Callable[..., LiveServer]


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height of an encoded picture."""
    image = pyvips.Image.new_from_buffer(data, "")
    return image.width, image.height


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem of a code, and return its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "instance"} <= body.keys()
    return body


def pointers(body: dict[str, Any]) -> set[str]:
    """Return the pointers of a problem's errors."""
    return {error["pointer"] for error in body["errors"]}


def children(pid: int) -> list[int]:
    """Return the child processes of a process, of all its threads."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (thread / "children").read_text().split()]
    return found


def resident_bytes(pid: int) -> int:
    """Return the memory a process holds, bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

"""A live server looked at from outside: its processes, its memory, its folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from live import LiveServer, children, resident_bytes


@dataclass(frozen=True)
class Watched:
    """A live server with a client of it."""

    server: LiveServer
    client: httpx.Client

    @property
    def pid(self) -> int:
        """The web process."""
        assert self.server.process is not None
        return self.server.process.pid

    def workers(self) -> set[int]:
        """The worker processes."""
        return set(children(self.pid))

    def memory(self) -> int:
        """What the web process and its workers hold together, bytes."""
        return resident_bytes(self.pid) + sum(resident_bytes(pid) for pid in self.workers())

    def working_folders(self) -> list[Path]:
        """The folders of the requests that are at work, of whichever process."""
        places = [place for place in (self.server.data / "work").iterdir() if not place.name.startswith(".")]
        return [folder for place in places for folder in place.iterdir() if folder.is_dir()]

    def stored(self) -> list[Path]:
        """The files in the store."""
        return [path for path in (self.server.data / "files").rglob("*") if path.is_file()]

    def admitted(self) -> int:
        """How many tasks run and wait now, as the metrics say."""
        text = self.client.get("/metrics").text
        (line,) = [line for line in text.splitlines() if line.startswith("filemill_tasks_admitted ")]
        return int(float(line.split()[1]))


Watch = Callable[..., Watched]


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Wait until a condition holds; tell whether it ever did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def private_bytes(pid: int) -> int:
    """Return the memory that a process holds for itself alone: without its programs and libraries, bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1]) << 10

"""Nodes of an installation that runs jobs, as processes that tests kill, freeze and start again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from forked import Command, start_command
from live import START_SECONDS, LiveServer, children
from plugin_site import install

PLUGIN = Path(__file__).parent / "server" / "faults" / "plugins" / "pages_plugin.py"


def install_plugin(folder: Path) -> dict[str, str]:
    """Install the plugin of `pages`; return what nodes need to have it."""
    return install(folder, PLUGIN, pages="")


class WorkerNode:
    """A real `filemill worker` process with a data folder of its own."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self._data = data
        self._environment = environment
        self.process: Command | None = None
        self.log = data.parent / f"{data.name}.log"

    def start(self, *before: str) -> None:
        """Start it (again, on the same data) and wait until it runs jobs; `before` goes before its command."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FILEMILL_", "AWS_"))}
        self.log.write_bytes(b"")
        environment = clean | {"FILEMILL_DATA_DIR": str(self._data)} | dict(self._environment)
        self.process = start_command(("worker",), environment, self.log, before=before)
        end = time.monotonic() + START_SECONDS
        while b"runs jobs" not in self.log.read_bytes():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the worker did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it without warning."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it in peace; kills what does not end within ten seconds."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


Node = LiveServer | WorkerNode


class Pair:
    """A server that runs no jobs, and two nodes that do.

    Args:
        folder: for what is each one's own.
        environment: of them all.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.server = LiveServer(folder / "server", dict(environment), words=("serve", "--no-jobs"))
        self.workers = [WorkerNode(folder / name, environment) for name in ("first", "second")]
        self.client = httpx.Client()

    def start(self) -> None:
        """Start the three."""
        self.server.start()
        self.restore()
        self.client = self.server.client()

    def stop(self) -> None:
        """End them in peace."""
        self.client.close()
        for node in (self.server, *self.workers):
            node.stop()

    def restore(self) -> None:
        """Start the nodes again that have ended."""
        for worker in self.workers:
            if worker.process is None or worker.process.poll() is not None:
                worker.start()

    def of(self, pid: int) -> tuple[WorkerNode, WorkerNode]:
        """Return the node that a worker process belongs to, and the other one."""
        first, second = self.workers
        assert first.process is not None
        return (first, second) if pid in children(first.process.pid) else (second, first)


@contextmanager
def frozen(node: Node) -> Iterator[None]:
    """Have a node's own process stand still for the time of a `with` block, as a machine that swaps does."""
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.process.send_signal(signal.SIGCONT)


def submit(client: httpx.Client, **parameters: object) -> str:
    """Have `pages` done as a job; return the job's id."""
    accepted = client.post("/v1/pages", json=order(**parameters), headers={"Prefer": "respond-async"})
    assert accepted.status_code == 202, accepted.text
    job: str = accepted.json()["jobId"]
    return job


def order(**parameters: object) -> Mapping[str, object]:
    """Return the body of a request for `pages`."""
    return {"source": {"base64": "dGV4dA=="}, **parameters}


def read(client: httpx.Client, id: str) -> dict[str, Any]:
    """Return a job."""
    answer = client.get(f"/v1/jobs/{id}")
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def wait_for(client: httpx.Client, id: str, *states: str, seconds: float = 30) -> dict[str, Any]:
    """Wait until a job has one of some states, and return it."""
    end = time.monotonic() + seconds
    while (job := read(client, id))["status"] not in states:
        assert time.monotonic() < end, f"after {seconds} s: {job}"
        time.sleep(0.05)
    return job


def noted(note: Path, seconds: float = 30) -> Sequence[int]:
    """Wait for the processes that `pages` writes down, and return their ids: the worker, its child."""
    end = time.monotonic() + seconds
    while not (note.exists() and len(pids := note.read_text().split()) == 2):
        assert time.monotonic() < end, "the work did not begin"
        time.sleep(0.02)
    return [int(pid) for pid in pids]


def seconds_until_gone(pids: Sequence[int], most: float = 10) -> float:
    """Wait until processes have ended, and return how long that took; a zombie has ended."""
    started = time.monotonic()
    while any(map(_runs, pids)):
        assert time.monotonic() - started < most, f"{pids} run on"
        time.sleep(0.01)
    return time.monotonic() - started


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

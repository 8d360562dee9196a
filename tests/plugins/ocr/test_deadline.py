"""What becomes of Tesseract when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.pool import Pool
from filemill.task import Input, Task, encode_steps
from filemill_ocr.ocr import Ocr
from live import StartServer
from ocr_scans import Scans
from one_worker import until, with_pool

OPERATIONS = ("ocr", "searchable-pdf")


@dataclass
class Endless:
    """A program that reads no page to its end: the real one for questions, a sleep for pages."""

    pids: Path

    @property
    def started(self) -> list[str]:
        """The processes that were to read pages."""
        return self.pids.read_text().split() if self.pids.exists() else []

    def gone(self) -> bool:
        """Whether none of them is left within two seconds."""
        end = time.monotonic() + 2
        while (left := [pid for pid in self.started if _runs(pid)]) and time.monotonic() < end:
            time.sleep(0.05)
        return not left


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endless:
    """Put such a program before the real one, for all processes that are started from here on."""
    pids, programs = tmp_path / "pids", tmp_path / "bin"
    programs.mkdir()
    program = programs / "tesseract"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in -*) exec {shutil.which("tesseract")} "$@";; esac\necho $$ >> {pids}\nexec sleep 60\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return Endless(pids)


@pytest.fixture
def task(scans: Scans, tmp_path: Path) -> Callable[[float], Task]:
    """Makes the task to read two pages side by side."""
    (folder := tmp_path / "work").mkdir()
    path = scans.pdf(scans.image(), scans.image())

    def make(deadline: float) -> Task:
        return Task(
            inputs=[Input(str(path), path.name)],
            pipelines=[encode_steps([Ocr(page_seconds=50)])],
            folder=str(folder),
            limits=Limits(deadline_seconds=deadline),
        )

    return make


def test_deadline(endless: Endless, task: Callable[[float], Task]) -> None:
    """At the deadline the programs that read pages are killed with the worker that started them."""

    async def over_the_deadline(pool: Pool) -> None:
        with pytest.raises(FilemillError) as refused:
            await pool.run(task(3))
        assert refused.value.code is ErrorCode.DEADLINE_EXCEEDED

    asyncio.run(with_pool(over_the_deadline))
    assert endless.started
    assert endless.gone()


def test_cancel(endless: Endless, task: Callable[[float], Task]) -> None:
    """Who cancels the work ends the programs as well."""

    async def cancelled(pool: Pool) -> None:
        running = asyncio.create_task(pool.run(task(50)))
        await until(lambda: bool(endless.started))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(endless.gone)

    asyncio.run(with_pool(cancelled))


def test_a_worker_that_is_killed(endless: Endless, task: Callable[[float], Task]) -> None:
    """A worker that the system kills, for want of memory, leaves no program behind."""

    async def killed(pool: Pool) -> None:
        running = asyncio.create_task(pool.run(task(50)))
        await until(lambda: bool(endless.started))
        (worker,) = pool._live
        worker.process.send_signal(signal.SIGKILL)
        with pytest.raises(FilemillError):
            await running
        assert await asyncio.to_thread(endless.gone)

    asyncio.run(with_pool(killed))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_disconnect(endless: Endless, scans: Scans, start_server: StartServer, operation: str) -> None:
    """A client that hangs up ends the programs that read for it."""
    server = start_server(workers="1", deadline_seconds="60")
    try:
        with server.client() as client, suppress(httpx.ReadTimeout):
            client.post(f"/v1/{operation}", content=scans.png().read_bytes(), timeout=3)
        assert endless.started
        assert endless.gone()
    finally:
        server.stop()


def _runs(pid: str) -> bool:
    """Whether a process is there and is not a mere entry of a dead one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

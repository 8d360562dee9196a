"""What becomes of Tesseract when a worker is killed."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.pool import Pool
from filemill.registry import Registry
from filemill.task import Input, Task, encode_steps
from filemill_ocr.ocr import Ocr
from ocr_scans import Scans


def test_children_go_with_the_worker(
    registry: Registry, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the deadline the programs that read pages are killed with the worker that started them."""
    pids, programs, folder = tmp_path / "pids", tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    folder.mkdir()
    slow = programs / "tesseract"
    slow.write_text(
        f'#!/bin/sh\ncase "$1" in -*) exec {shutil.which("tesseract")} "$@";; esac\necho $$ >> {pids}\nexec sleep 60\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    limits = Limits(deadline_seconds=3)
    task = Task(
        inputs=[Input(str(scans.png()), "scan.png")],
        pipelines=[encode_steps([Ocr(page_seconds=50)])],
        folder=str(folder),
        limits=limits,
    )

    async def over_the_deadline() -> None:
        pool = Pool(workers=1, queue=0, limits=limits)
        await pool.start()
        try:
            await pool.run(task)
        finally:
            await pool.stop()

    with pytest.raises(FilemillError) as refused:
        asyncio.run(over_the_deadline())
    assert refused.value.code is ErrorCode.DEADLINE_EXCEEDED
    started = pids.read_text().split()
    assert started
    end = time.monotonic() + 2
    while any(_runs(pid) for pid in started) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(_runs(pid) for pid in started)


def _runs(pid: str) -> bool:
    """Whether a process is there and is not a mere entry of a dead one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

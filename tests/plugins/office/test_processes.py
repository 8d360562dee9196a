"""LibreOffice as a process: several at once, and none left when nobody waits for it any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import office_documents
from filemill import Program
from office_documents import convert_file, rewrite_zip, write_docx

SECONDS = 20


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path, str], subprocess.Popen[bytes]]]:
    """Start a conversion as a worker does it: in a process that leads a group of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(path: Path, target: str) -> subprocess.Popen[bytes]:
        folder = tmp_path / f"task-{len(started)}"
        command = [sys.executable, office_documents.__file__, str(path), target, str(folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        started.append(subprocess.Popen(command, env=environment, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A document that keeps LibreOffice busy for many minutes: tables in tables, ten thousand deep."""
    body = "<w:tbl><w:tr><w:tc>" * 10_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 10_000
    return rewrite_zip(
        write_docx(tmp_path / "whole.docx"),
        tmp_path / "endless.docx",
        lambda name, content: (
            content.replace(b"<w:sectPr", body.encode() + b"<w:sectPr", 1) if name == "word/document.xml" else content
        ),
        {},
    )


def offices(folder: Path) -> list[int]:
    """Return the processes that work with a profile in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:  # it has just ended
            continue
    return [pid for pid in found if pid != os.getpid()]


def until(true: Callable[[], object]) -> bool:
    """Wait until something is true, and tell whether it became so."""
    end = time.monotonic() + SECONDS
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(true())


def is_at_work(folder: Path) -> bool:
    """Whether LibreOffice has begun to read: it has made its profile complete."""
    return bool(list(folder.glob("task-*/libreoffice/user/psprint"))) or any(folder.glob("task-*/lu*.tmp"))


@pytest.mark.parametrize("killed", ["group", "worker alone"])
def test_none_is_left(
    start: Callable[[Path, str], subprocess.Popen[bytes]], endless: Path, tmp_path: Path, killed: str
) -> None:
    """At a deadline and a cancel the worker's group is killed; where the system kills it alone, it is the same."""
    worker = start(endless, "pdf")
    assert until(lambda: is_at_work(tmp_path))
    assert len(offices(tmp_path)) >= 2
    if killed == "group":
        os.killpg(worker.pid, signal.SIGKILL)
    else:
        worker.kill()
    worker.wait()
    assert until(lambda: not offices(tmp_path))


def test_several_at_once(start: Callable[[Path, str], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """Each has a profile of its own, and none waits for another's lock; equal files give equal PDFs."""
    source = write_docx(tmp_path / "report.docx")
    workers = [start(source, target) for target in ("pdf", "pdf", "odt")]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    first, second = (next((tmp_path / f"task-{number}").glob("*.pdf")).read_bytes() for number in range(2))
    assert first == second
    assert b"%%EOF" in first[-10:]


def test_a_profile_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where LibreOffice's build is not known, it asks to be started again, and is."""
    monkeypatch.setattr("filemill_office.libreoffice._build", lambda: None)
    runs: list[object] = []
    run = Program.run

    def counted(*given: object, **named: object) -> str:
        runs.append(given)
        return run(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Program, "run", counted)
    assert convert_file(write_docx(tmp_path / "report.docx"), "odt", tmp_path / "task").size
    assert len(runs) == 2

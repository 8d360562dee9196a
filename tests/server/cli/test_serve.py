"""`filemill serve` as a process (NA-80)."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import httpx
import pytest

from forked import FILEMILL

from .conftest import Invoke

Serving = subprocess.Popen[str]
Start = Callable[..., tuple[Serving, str]]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start servers in the working folder, and give each with what it says until it is ready."""
    started: list[Serving] = []

    def serve(*words: str) -> tuple[Serving, str]:
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(
                [FILEMILL, "serve", "--port", "0", "--workers", "1", *words],
                cwd=folder,
                env=os.environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        started.append(process)
        assert process.stdout is not None
        watchdog = Timer(60, process.kill)
        watchdog.start()
        said = ""
        while "small.jpg" not in said and (line := process.stdout.readline()):
            said += line
        watchdog.cancel()
        return process, said

    yield serve
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _url(said: str) -> str:
    match = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert match is not None, said
    return match[0]


def test_first_start_and_second(start: Start, picture: Path) -> None:
    """NA-80: the first start tells address, data folder and a key, and the curl line works as it stands."""
    picture.rename(picture.with_name("sample.jpg"))
    process, said = start()
    assert str(picture.parent / "filemill-data") in said
    assert httpx.get(f"{_url(said)}/health/live").status_code == 200
    (command,) = re.findall(r"curl .*?small\.jpg", said, re.DOTALL)
    subprocess.run(["bash", "-c", command], cwd=picture.parent, check=True, capture_output=True, timeout=60)
    assert (picture.parent / "small.jpg").read_bytes().startswith(b"\xff\xd8")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0

    _, again = start()
    assert "fm_live_" not in again
    assert "filemill keys create" in again
    key = re.findall(r"fm_live_\w+", said)[0]
    answer = httpx.get(f"{_url(again)}/v1/assets", headers={"X-API-Key": key})
    assert answer.status_code == 200
    # A program is started in a folder of its own, and finds what it is given below the default data folder.
    answer = httpx.post(
        f"{_url(again)}/v1/convert",
        headers={"X-API-Key": key, "Accept": "application/pdf"},
        files={"file": ("notes.md", b"# Harbour\n")},
        data={"format": "pdf"},
        timeout=60,
    )
    assert answer.content.startswith(b"%PDF-"), answer.text


def test_interrupt_ends_in_peace(start: Start) -> None:
    """NA-80: SIGINT ends the server with code 0 and leaves no worker behind; which software it is, is not told."""
    process, said = start()
    assert "server" not in httpx.get(f"{_url(said)}/health/live").headers
    workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_collection_looks_at_requests_alone(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the server loaded at its start is frozen: a full collection is short, and holds up nobody."""
    site = tmp_path_factory.mktemp("site")
    told = "lambda: open({!r}, 'w').write(f'{{gc.isenabled()}} {{gc.get_freeze_count()}}')".format(str(site / "told"))
    (site / "sitecustomize.py").write_text(f"import atexit, gc\natexit.register({told})\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    process, _ = start()
    monkeypatch.delenv("PYTHONPATH")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    enabled, frozen = (site / "told").read_text().split()
    assert enabled == "True"
    assert int(frozen) > 100_000


def test_port_in_use(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """NA-80: a port in use is one clear line."""
    monkeypatch.setattr("filemill_server.cli.serve.configure_logs", lambda level: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = invoke("serve", "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == f"Error: can't listen on 127.0.0.1 port {port}: Address already in use.\n"


def test_wrong_settings_are_told_at_once(invoke: Invoke) -> None:
    """NA-81: the server does not start with wrong settings, and tells all of them."""
    result = invoke("serve", FILEMILL_PORT="x", FILEMILL_DATABASE_URL="mysql://", FILEMILL_PROT="1")
    assert result.exit_code == 2
    for told in ("FILEMILL_PORT=x", "FILEMILL_DATABASE_URL=mysql", "FILEMILL_PORT?"):
        assert told in result.stderr


def test_workers_are_launched_before_anything_long_is_imported() -> None:
    """They load their libraries while the server loads its own: a third of a second of every start."""
    program = "import sys, filemill_server.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert {"sqlalchemy", "obstore", "httpx", "litestar", "dbos"}.isdisjoint(done.stdout.split())

"""A server that is killed, ended or overloaded: nothing half, nothing left, nothing waits in vain."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import bombs
from watched import Watch, Watched, eventually, is_alive

CLIENTS = 200


@pytest.fixture(scope="module")
def watched(watch: Watch) -> Watched:
    """The server that is killed again and again, always on the same data."""
    return watch(workers="2", queue="300")


@contextmanager
def crowd(watched: Watched, work: bytes) -> Iterator[list[int]]:
    """Have many clients post at once, again and again, while the body of the `with` runs; give the statuses."""
    statuses: list[int] = []
    stop = threading.Event()
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    headers = {"X-API-Key": watched.server.key}
    with httpx.Client(base_url=watched.server.address, headers=headers, limits=limits, timeout=60) as client:

        def post(number: int) -> None:
            while not stop.is_set():
                try:
                    path = "/v1/uploads" if number % 4 == 0 else "/v1/resize?width=40"
                    statuses.append(client.post(path, content=work).status_code)
                except httpx.TransportError:
                    return  # the server is gone

        with ThreadPoolExecutor(CLIENTS) as threads:
            for number in range(CLIENTS):
                threads.submit(post, number)
            try:
                yield statuses
            finally:
                stop.set()


def assets_of(client: httpx.Client) -> Iterator[dict[str, object]]:
    """Give every asset that is listed, page by page."""
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/assets", params={"limit": 200, **cursor}).json()
        yield from page["assets"]
        if not page.get("nextCursor"):
            return
        cursor = {"cursor": page["nextCursor"]}


def rows(watched: Watched) -> dict[str, tuple[int, str]]:
    """Return what the database says is stored: name in the store to size and SHA-256."""
    with sqlite3.connect(f"file:{watched.server.data / 'filemill.db'}?mode=ro", uri=True) as database:
        found = database.execute("SELECT storage_name, size, sha256 FROM files").fetchall()
    database.close()
    return {name: (size, sha256) for name, size, sha256 in found}


@pytest.mark.parametrize("killed_after", [0.6, 1.7])
def test_killed_in_the_middle_of_two_hundred_requests(watched: Watched, killed_after: float) -> None:
    """NA-42: its workers go with it; afterwards no asset is half and no row points to missing bytes."""
    work = bombs.photo()
    workers, places = watched.workers(), set((watched.server.data / "work").iterdir())
    with crowd(watched, work) as statuses:
        assert eventually(lambda: len(statuses) >= 20, 30)
        time.sleep(killed_after)
        watched.server.kill()
    assert set(statuses) <= {200, 201}
    assert eventually(lambda: not any(map(is_alive, workers)), 5)
    folder = watched.server.data / "files"
    for name, (size, sha256) in rows(watched).items():
        data = (folder / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256)
    watched.server.start()
    assert eventually(lambda: not places & set((watched.server.data / "work").iterdir()))
    assert eventually(lambda: not watched.working_folders())
    count = 0
    for asset in assets_of(watched.client):
        answer = watched.client.get(f"/v1/assets/{asset['assetId']}")
        digest = hashlib.sha256(answer.content).hexdigest()
        assert (answer.status_code, answer.headers["etag"], digest) == (200, f'"{asset["sha256"]}"', asset["sha256"])
        assert answer.content[:3] == b"\xff\xd8\xff"
        assert answer.content[-2:] == b"\xff\xd9"
        count += 1
    assert count >= statuses.count(200) > 0, "what was answered is there"


def test_ended_in_the_middle_of_requests(watch: Watch, slow_plugin: dict[str, str]) -> None:
    """SIGTERM: requests at work are answered, then the server ends with 0 and leaves no process and no folder."""
    watched = watch(plugins=slow_plugin, workers="2", queue="20")
    workers = watched.workers()
    with ThreadPoolExecutor(4) as threads:
        napping = [threads.submit(nap, watched, 1.5) for _ in range(4)]
        assert eventually(lambda: watched.admitted() == 4)
        os.kill(watched.pid, signal.SIGTERM)
        assert [answer.result().status_code for answer in napping] == [200] * 4
    assert watched.server.process is not None
    assert watched.server.process.wait(10) == 0
    assert not any(map(is_alive, workers))
    assert list((watched.server.data / "work").iterdir()) == []
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{watched.server.address}/health/live")


def nap(watched: Watched, seconds: float, **more: str) -> httpx.Response:
    """Have the server sleep, on a connection of its own."""
    headers = {"X-API-Key": watched.server.key}
    data = {"seconds": str(seconds), **more}
    return httpx.post(
        f"{watched.server.address}/v1/nap", files={"file": ("a.txt", b"x")}, data=data, headers=headers, timeout=60
    )


def test_overload_is_said_at_once(watch: Watch, slow_plugin: dict[str, str], tmp_path: Path) -> None:
    """One worker, two places: while three requests are at work all others are refused, and health answers."""
    watched = watch(plugins=slow_plugin, workers="1", queue="2")
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(20) as threads:
        accepted = [threads.submit(nap, watched, 50, until=str(gate)) for _ in range(3)]
        assert eventually(lambda: watched.admitted() == 3)
        crowd_of = [threads.submit(nap, watched, 50, until=str(gate)) for _ in range(17)]
        assert watched.client.get("/health/live").status_code == 200
        refused = [answer.result() for answer in crowd_of]
        assert watched.admitted() == 3, "nobody was refused because the work was done"
        gate.touch()
        assert [answer.result().status_code for answer in accepted] == [200, 200, 200]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "OVERLOADED")
        assert int(answer.headers["retry-after"]) >= 1
    assert nap(watched, 0).status_code == 200


def test_work_that_hangs_takes_its_children_with_it(watch: Watch, slow_plugin: dict[str, str], tmp_path: Path) -> None:
    """Past the deadline: 504, and the processes that the operation started are gone."""
    watched = watch(plugins=slow_plugin, workers="1", deadline_seconds="1")
    note = tmp_path / "child"
    answer = nap(watched, 600, note=str(note))
    assert (answer.status_code, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")
    assert answer.elapsed.total_seconds() < 20
    assert eventually(lambda: not is_alive(int(note.read_text())))
    assert nap(watched, 0).status_code == 200
    assert eventually(lambda: not watched.working_folders())

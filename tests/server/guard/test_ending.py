"""SIGTERM under load: what was let in is answered, what comes later is refused, and no job is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import bombs
from live import LiveServer
from watched import Watched, eventually, is_alive

CLIENTS = 6


class Posting:
    """Clients that post one request after another until the server is gone."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._stop = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.assets: list[str] = []
        self.jobs: list[str] = []
        self.broken: list[httpx.HTTPError] = []

    def post(self, number: int) -> None:
        """Post until nobody listens any more; every third client has jobs."""
        headers = {"Prefer": "respond-async"} if number % 3 == 0 else {}
        while not self._stop.is_set():
            try:
                # A connection each: one that is kept may be closed, rightly, as the next request sets out.
                with self._server.client() as client:
                    answer = client.post("/v1/resize?width=900", content=bombs.photo(), headers=headers)
            except httpx.ConnectError:
                return
            except httpx.HTTPError as error:
                self.broken.append(error)
                return
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200:
                self.assets.append(answer.json()["assetId"])
            elif answer.status_code == 202:
                self.jobs.append(answer.headers["location"])

    def end(self) -> None:
        """Let all of them stop."""
        self._stop.set()


@pytest.mark.slow
def test_told_to_end_under_load(tmp_path: Path) -> None:
    """Every request is answered or never taken; assets that were told of are there, and jobs succeed afterwards."""
    server = LiveServer(tmp_path / "data", {"FILEMILL_WORKERS": "2", "FILEMILL_DEADLINE_SECONDS": "20"})
    server.start()
    assert server.process is not None
    posting = Posting(server)
    with server.client() as client:
        watched = Watched(server, client)
        workers = watched.workers()
        with ThreadPoolExecutor(CLIENTS) as threads:
            for number in range(CLIENTS):
                threads.submit(posting.post, number)
            try:
                assert eventually(lambda: len(posting.assets) >= 5 and len(posting.jobs) >= 5, 60)
                os.kill(server.process.pid, signal.SIGTERM)
                assert server.process.wait(40) == 0
            finally:
                posting.end()
    server.log.close()
    assert set(posting.statuses) == {200, 202}
    # Who is on the way to a listener as it closes is reset before a byte of it was read; nobody else is.
    assert all(isinstance(error, httpx.ReadError) for error in posting.broken), posting.broken
    assert not any(map(is_alive, workers))
    assert list((server.data / "work").iterdir()) == []
    log = Path(server.log.name).read_text()
    assert "unexpected_error" not in log
    assert '"status":499' not in log

    server.start()
    try:
        with server.client() as client:
            for asset in posting.assets:
                assert client.get(f"/v1/assets/{asset}").status_code == 200
            for job in posting.jobs:
                assert eventually(lambda job=job: client.get(job).json()["status"] == "succeeded", 60)  # type: ignore[misc]
            assert not Watched(server, client).working_folders()
    finally:
        server.stop()

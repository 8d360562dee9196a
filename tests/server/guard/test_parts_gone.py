"""The store or the database is away under a running server, and comes back: no accepted byte is lost (NA-51)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import pytest

import bombs
from live import LiveServer, StartServer, problem
from real_parts import ObjectStoreServer
from tus_wire import Tus
from watched import eventually

TEXT = b"word " * 40_000


@contextmanager
def unmounted(server: LiveServer) -> Iterator[None]:
    """Have the folder of the store away for the time of a `with` block."""
    store, away = server.data / "files", server.data / "away"
    store.rename(away)
    try:
        yield
    finally:
        away.rename(store)


@contextmanager
def locked(server: LiveServer) -> Iterator[None]:
    """Have the database locked by another process for the time of a `with` block."""
    with closing(sqlite3.connect(server.data / "filemill.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def test_store_that_is_not_there(server: LiveServer, client: httpx.Client) -> None:
    """A folder that is not mounted: no file of it is said to be gone, none is taken, and all is there again with it."""
    picture = bombs.photo()
    made = client.post("/v1/flip", content=picture).json()
    path = f"/v1/assets/{made['assetId']}"
    before = client.get(path).content
    tus = Tus(client)
    place = tus.place(len(TEXT))
    assert tus.append(place, 0, TEXT[:1000]).status_code == 204
    with unmounted(server):
        problem(client.get(path), 503, "OVERLOADED")
        problem(client.post("/v1/uploads", content=picture), 503, "OVERLOADED")
        problem(client.post("/v1/flip", content=picture), 503, "OVERLOADED")
        problem(client.post("/v1/flip", content=picture, headers={"Prefer": "respond-async"}), 503, "OVERLOADED")
        answer = tus.append(place, 1000, TEXT[1000:])
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert not (server.data / "files").exists(), "nobody made an empty store in its place"
    assert client.get(path).content == before
    assert client.post("/v1/flip", content=picture).status_code == 200
    offset = tus.offset(place)
    assert tus.append(place, offset, TEXT[offset:]).status_code == 204
    assert tus.upload(place)["sizeBytes"] == len(TEXT)


def test_job_whose_store_went_away(server: LiveServer, client: httpx.Client) -> None:
    """A job that was accepted, and finds its file away, waits and succeeds."""
    jobs = [
        client.post("/v1/resize?width=1500", content=bombs.photo(), headers={"Prefer": "respond-async"})
        for _ in range(6)
    ]
    with unmounted(server):
        time.sleep(2)
    for job in jobs:
        assert job.status_code == 202, job.text
        ended = eventually(lambda job=job: client.get(job.headers["location"]).json()["status"] == "succeeded", 60)  # type: ignore[misc]
        assert ended, client.get(job.headers["location"]).text


def test_database_that_another_process_locks(server: LiveServer, client: httpx.Client) -> None:
    """Who writes waits, who reads does not, health lives; a job's end is written down when the lock is gone.

    That a wait has an end is shown in `tests/server/state/test_outages.py`.
    """
    picture = bombs.photo()
    made = client.post("/v1/flip", content=picture).json()
    job = client.post("/v1/flip", content=picture, headers={"Prefer": "respond-async"}).headers["location"]
    with ThreadPoolExecutor(3) as threads, server.client() as other:
        with locked(server):
            waiting = [threads.submit(other.post, "/v1/flip", content=picture) for _ in range(3)]
            time.sleep(2)
            assert client.get(f"/v1/assets/{made['assetId']}").status_code == 200
            assert client.get("/health/live").status_code == 200
            assert not any(answer.done() for answer in waiting)
        assert [answer.result().status_code for answer in waiting] == [200] * 3
    assert eventually(lambda: client.get(job).json()["status"] == "succeeded", 60)


@pytest.mark.slow
def test_resumable_upload_while_an_object_store_is_stopped(
    start_server: StartServer, object_store: ObjectStoreServer
) -> None:
    """A body of tus that can't be stored is a 503, also at its end; what was confirmed before stays, and it goes on."""
    bucket = f"s3://{object_store.new_bucket()}/kept"
    server = start_server(environment=object_store.environment, workers="1", storage_url=bucket)
    with server.client() as client:
        tus = Tus(client)
        place = tus.place(len(TEXT))
        assert tus.append(place, 0, TEXT[:1000]).status_code == 204
        whole = tus.place(1000)
        with object_store.stopped():
            for path, offset, data in ((place, 1000, TEXT[1000:]), (whole, 0, TEXT[:1000])):
                answer = tus.append(path, offset, data)
                assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text
            answer = tus.begin(1000, TEXT[:1000])
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text
        for path, data in ((place, TEXT), (whole, TEXT[:1000])):
            offset = tus.offset(path)
            assert tus.append(path, offset, data[offset:]).status_code == 204
            assert tus.upload(path)["sizeBytes"] == len(data)

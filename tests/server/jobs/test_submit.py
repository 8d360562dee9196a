"""Requests that become jobs, over a live server."""

from __future__ import annotations

import base64
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from live import LiveServer, StartServer, problem, size_of

ASYNC = {"Prefer": "respond-async"}
ENDED = ("succeeded", "failed", "cancelled")


def ended(client: httpx.Client, answer: httpx.Response, seconds: float = 30) -> dict[str, Any]:
    """Wait for the job of a 202 and return it."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(answer.headers["location"]).json()
        if job["status"] in ENDED:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job has not ended: {job}")


def uploads(server: LiveServer) -> int:
    """Return how many uploads the server keeps that have not expired."""
    with sqlite3.connect(server.data / "filemill.db") as database:
        query = "SELECT count(*) FROM files WHERE kind = 'upload' AND expires_at > ?"
        (found,) = database.execute(query, (int(time.time() * 1_000_000),)).fetchone()
    return int(found)


def test_raw_body_becomes_a_job(client: httpx.Client, photo: Path) -> None:
    """NA-30, NC-05: 202 at once, with the place of the job; its result is what the request would have answered."""
    answer = client.post("/v1/resize", params={"width": 300}, content=photo.read_bytes(), headers=ASYNC)
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["retry-after"] == "1"
    assert "Prefer" in answer.headers["vary"]
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['jobId']}"
    assert answer.json()["status"] == "queued"
    job = ended(client, answer)
    assert (job["status"], job["progress"], job["step"]) == ("succeeded", 1, None)
    result = job["result"]
    assert (result["width"], result["format"], result["source"]["width"]) == (300, "jpeg", 1200)
    assert size_of(client.get(result["url"]).content) == (300, 200)


def test_form_becomes_a_job(client: httpx.Client, photo: Path) -> None:
    """NC-05: files that came as inputs and files that stand for a parameter go with the job."""
    files = [
        ("file", ("a.jpg", photo.read_bytes(), "image/jpeg")),
        ("image", ("mark.jpg", photo.read_bytes(), "image/jpeg")),
    ]
    job = ended(client, client.post("/v1/watermark", files=files, headers=ASYNC))
    assert job["status"] == "succeeded", job
    assert job["result"]["filename"] == "a.jpg"


def test_json_with_many_kinds_of_sources(client: httpx.Client, photo: Path) -> None:
    """NA-24: sources are brought when the job runs; a file in the JSON is kept as one."""
    upload = client.post("/v1/uploads", content=photo.read_bytes()).json()["uploadId"]
    inline = base64.b64encode(photo.read_bytes()).decode()
    body = {
        "sources": [{"uploadId": upload}, {"base64": inline}],
        "steps": [{"op": "resize", "width": 100}, {"op": "convert", "format": "png"}],
        "output": {"archive": "none", "ttlSeconds": 600},
        "metadata": {"order": 7},
    }
    job = ended(client, client.post("/v1/process", json=body, headers=ASYNC))
    assert job["status"] == "succeeded", job
    assert [output["format"] for output in job["result"]["outputs"]] == ["png", "png"]
    assert job["result"]["metadata"] == {"order": 7}
    assert client.get(f"/v1/uploads/{upload}").status_code == 200  # the caller's own stays


def test_packs_become_a_job(client: httpx.Client, photo: Path) -> None:
    """NA-22: the result has one entry a pack."""
    packs = [pack["id"] for pack in client.get("/v1/packs").json()["packs"][:2]]
    body = {"source": {"base64": base64.b64encode(photo.read_bytes()).decode()}, "packs": packs}
    job = ended(client, client.post("/v1/packs", json=body, headers=ASYNC))
    assert [result["packId"] for result in job["result"]["results"]] == packs


def test_wait_gives_the_result_itself(client: httpx.Client, photo: Path) -> None:
    """NA-30, NC-05: a job that is done in time is answered as the request is, as JSON or as bytes."""
    prefer = {"Prefer": "wait=20"}
    answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=prefer)
    assert (answer.status_code, answer.json()["width"]) == (200, 50)
    assert answer.headers["preference-applied"] == "wait=20"
    picture = client.post(
        "/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=prefer | {"Accept": "image/*"}
    )
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert size_of(picture.content)[0] == 50


def test_wait_of_nothing_is_202(client: httpx.Client, photo: Path) -> None:
    """NC-05: a job that is not done in time is told of."""
    answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers={"Prefer": "wait=0"})
    assert ended(client, answer)["status"] == "succeeded"


def test_failure_is_told_of_the_job(client: httpx.Client) -> None:
    """NA-50: what the request would have been answered is the job's error."""
    broken = b"\xff\xd8\xff\xe0" + b"broken" * 100
    job = ended(client, client.post("/v1/resize", params={"width": 50}, content=broken, headers=ASYNC))
    assert (job["status"], job["error"]["code"], job["error"]["status"]) == ("failed", "INVALID_FILE", 422)
    waited = client.post("/v1/resize", params={"width": 50}, content=broken, headers={"Prefer": "wait=20"})
    problem(waited, 422, "INVALID_FILE")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(bytes(range(256)), 415, "UNSUPPORTED_MEDIA"), (b"", 422, "INVALID_PARAMETER")],
)
def test_what_can_be_refused_now_is(client: httpx.Client, content: bytes, status: int, code: str) -> None:
    """NA-71: a file that no format knows, and none, are no job."""
    problem(client.post("/v1/resize", params={"width": 5}, content=content, headers=ASYNC), status, code)


def test_inputs_go_with_the_job(start_server: StartServer, photo: Path) -> None:
    """Files that came with a request are uploads of the job, and expire with its end."""
    server = start_server(workers="1")
    with server.client() as client:
        assert uploads(server) == 0
        answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=ASYNC)
        assert ended(client, answer)["status"] == "succeeded"
        assert uploads(server) == 0
        with sqlite3.connect(server.data / "filemill.db") as database:
            (kept,) = database.execute("SELECT request FROM jobs").fetchone()
        assert kept is None  # with all that it may hold


def test_same_key_is_the_same_job(client: httpx.Client, photo: Path) -> None:
    """NC-04: a repeated request with an idempotency key is told of the first one's job."""
    headers = ASYNC | {"Idempotency-Key": '"job-1"'}
    first, second = (
        client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json()["jobId"] == first.json()["jobId"]
    assert second.headers["location"] == first.headers["location"]
    ended(client, second)


def test_priority_is_kept(server: LiveServer, client: httpx.Client, photo: Path) -> None:
    """RFC 9218: the urgency of a request is that of its job."""
    headers = ASYNC | {"Priority": "u=1"}
    answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=headers)
    with sqlite3.connect(server.data / "filemill.db") as database:
        query = "SELECT urgency FROM jobs WHERE id = ?"
        assert database.execute(query, (answer.json()["jobId"],)).fetchone() == (1,)
    ended(client, answer)


@pytest.fixture(scope="module")
def hasty(start_server: StartServer) -> Iterator[httpx.Client]:
    """A client of a server that lets nobody wait."""
    with start_server(wait_seconds="0.001", workers="1").client() as found:
        yield found


def test_long_request_becomes_a_job(hasty: httpx.Client, photo: Path) -> None:
    """NC-05: without a preference a request waits up to the server's cap, and is a job from then on."""
    answer = hasty.post("/v1/resize", params={"width": 50}, content=photo.read_bytes())
    assert "preference-applied" not in answer.headers
    assert ended(hasty, answer)["result"]["width"] == 50


def test_signed_url_is_of_the_address_that_was_called(client: httpx.Client, photo: Path) -> None:
    """NA-27: the URL in a job's result works as it stands, without a key."""
    answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=ASYNC)
    result = ended(client, answer)["result"]
    assert httpx.get(result["url"]).status_code == 200


def test_cancelled_job_leaves_nothing(start_server: StartServer, photo: Path) -> None:
    """NA-50: DELETE ends a running job within a second, and nothing of it is stored."""
    server = start_server(workers="1")
    with server.client() as client:
        steps = [{"op": "resize", "width": 8000, "enlarge": True}, {"op": "convert", "format": "avif", "quality": 90}]
        source = {"base64": base64.b64encode(photo.read_bytes()).decode()}
        answer = client.post("/v1/process", json={"source": source, "steps": steps}, headers=ASYNC)
        job = answer.json()["jobId"]
        until = time.monotonic() + 10
        while client.get(f"/v1/jobs/{job}").json()["status"] == "queued" and time.monotonic() < until:
            time.sleep(0.02)
        assert client.delete(f"/v1/jobs/{job}").status_code == 204
        assert client.get(f"/v1/jobs/{job}").json()["status"] == "cancelled"
        # The worker is free again at once: it did not go on with what nobody wants.
        started = client.post(
            "/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers={"Prefer": "wait=9"}
        )
        assert started.status_code == 200, started.text
        assert [asset["filename"] for asset in client.get("/v1/assets").json()["assets"]] == ["file.jpg"]


def test_source_that_does_not_come_holds_up_nobody(start_server: StartServer, photo: Path) -> None:
    """NA-51: while a fresh server with one worker waits for it, the next job is done."""
    server = start_server(workers="1", fetch_allow_networks="127.0.0.0/8")
    with socket.create_server(("127.0.0.1", 0)) as silent, server.client() as client:
        source = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/never.jpg"}
        stuck = client.post("/v1/resize", json={"source": source, "width": 30}, headers=ASYNC)
        with silent.accept()[0]:
            after = client.post("/v1/resize", params={"width": 30}, content=photo.read_bytes(), headers=ASYNC)
            assert ended(client, after, 15)["status"] == "succeeded"
            assert client.get(stuck.headers["location"]).json()["status"] == "running"
            assert client.delete(stuck.headers["location"]).status_code == 204


def test_events_tell_the_whole_story(client: httpx.Client, photo: Path) -> None:
    """NA-50: the event stream of a job ends with its result."""
    answer = client.post("/v1/resize", params={"width": 50}, content=photo.read_bytes(), headers=ASYNC)
    with client.stream("GET", f"{answer.headers['location']}/events") as stream:
        data = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    assert json.loads(data[-1])["status"] == "succeeded"
    assert json.loads(data[-1])["result"]["width"] == 50

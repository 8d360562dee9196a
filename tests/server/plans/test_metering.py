"""The native API takes units of a plan, gives back what was not worked for, and holds the plan's sizes."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyvips

from filemill.limits import Limits
from filemill_server.plans.plan import Plan
from filemill_server.plans.sizes import allowed, file_limit, task_limits
from live import SMALL_PLANS, StartServer, problem

NewClient = Callable[..., httpx.Client]
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"


def left(response: httpx.Response, policy: str) -> int:
    """Read from an answer how many units of a policy are left."""
    match = re.search(rf'"{policy}";r=(\d+)', response.headers["ratelimit"])
    assert match is not None
    return int(match[1])


def resized(client: httpx.Client, photo: Path, **headers: str) -> httpx.Response:
    """Do some work."""
    return client.post("/v1/resize?width=40", content=photo.read_bytes(), headers=headers)


def test_headers_and_refusal(new_client: NewClient, photo: Path) -> None:
    """NC-02, NC-03, FG-50: what is left is told with every answer; then 429 says when there is more."""
    client = new_client("burst")
    for taken in (1, 2, 3):
        answer = resized(client, photo)
        assert answer.status_code == 200
        month = re.fullmatch(
            rf'"minute";r={3 - taken};t=\d+, "month";r={50 - taken};t=(\d+)', answer.headers["ratelimit"]
        )
        assert month is not None
        assert 0 < int(month[1]) <= 31 * 86_400
        window = re.fullmatch(r'"minute";q=3;w=60, "month";q=50;w=(\d+)', answer.headers["ratelimit-policy"])
        assert window is not None
        assert int(window[1]) in {days * 86_400 for days in (28, 29, 30, 31)}
    answer = resized(client, photo)
    body = problem(answer, 429, "RATE_LIMITED")
    assert (body["type"], body["violated-policies"], body["policy"]) == (QUOTA_TYPE, ["minute"], "minute")
    told = re.fullmatch(r'"minute";r=0;t=(\d+)', answer.headers["ratelimit"])
    assert told is not None
    wait = int(answer.headers["retry-after"])
    assert int(told[1]) <= wait <= 61  # whole seconds, and none too early
    until = datetime.fromisoformat(body["resets_at"]) - datetime.now(UTC)
    assert wait - 3 <= until.total_seconds() <= wait
    assert '"month";q=50' in answer.headers["ratelimit-policy"]


def test_only_what_is_worked_for_counts(new_client: NewClient, photo: Path) -> None:
    """FG-53: answers of 2xx and 422 count; 400, 404, 413, 415 and reading do not."""
    client = new_client("monthly")
    assert left(resized(client, photo), "month") == 4
    assert client.post("/v1/resize?width=0", content=photo.read_bytes()).status_code == 422
    for path, content, media_type, status in (
        ("/v1/resize", b"{", "application/json", 400),
        ("/v1/resize?width=9", b"no picture", "text/plain", 415),
        ("/v1/packs/none", photo.read_bytes(), "image/jpeg", 404),
    ):
        answer = client.post(path, content=content, headers={"Content-Type": media_type})
        assert answer.status_code == status, answer.text
        assert "ratelimit" not in answer.headers
    assert client.get("/v1/assets").status_code == 200
    assert client.post("/v1/uploads", content=photo.read_bytes()).status_code == 201
    assert left(resized(client, photo), "month") == 2
    steps = {"steps": [{"op": "resize", "width": 9}]}
    source = {"source": {"base64": base64.b64encode(photo.read_bytes()).decode()}}
    assert left(client.post("/v1/process", json=steps | source), "month") == 1
    assert left(client.post("/v1/packs/tiktok", json=source), "month") == 0
    problem(client.post("/v1/packs", json={"packs": ["tiktok"], **source}), 429, "RATE_LIMITED")
    problem(client.post("/v1/resize", content=b"{"), 429, "RATE_LIMITED")


def test_unlimited_has_no_headers(new_client: NewClient, photo: Path) -> None:
    """NC-02: where there is no limit there is nothing to tell."""
    answer = resized(new_client("enterprise"), photo)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


def test_replayed_answer_costs_nothing(new_client: NewClient, photo: Path) -> None:
    """NC-04: the work is done once and counted once."""
    client = new_client("monthly")
    assert left(resized(client, photo, **{"Idempotency-Key": "one"}), "month") == 4
    again = resized(client, photo, **{"Idempotency-Key": "one"})
    assert again.headers["idempotency-replayed"] == "true"
    assert left(resized(client, photo), "month") == 3


def test_job_and_batch(new_client: NewClient, photo: Path) -> None:
    """FW-52, IS-53: a job costs one, a batch one for each input, together with its jobs or not at all."""
    client = new_client("monthly")
    answer = resized(client, photo, Prefer="respond-async")
    assert answer.status_code == 202
    # Its `Retry-After` is of the job: no time of a limit stands beside it that could be later.
    assert answer.headers["ratelimit"] == '"month";r=4'
    steps = '[{"op": "resize", "width": 9}]'
    files = [("files", (f"{number}.jpg", photo.read_bytes())) for number in range(5)]
    refusal = client.post("/v1/batches", data={"steps": steps}, files=files)
    body = problem(refusal, 429, "RATE_LIMITED")
    assert body["violated-policies"] == ["month"]
    assert refusal.headers["ratelimit"].startswith('"month";r=3;')
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1
    answer = client.post("/v1/batches", data={"steps": steps}, files=files[:4])
    assert answer.status_code == 202
    assert left(answer, "month") == 0
    problem(resized(client, photo), 429, "RATE_LIMITED")


def test_file_size(new_client: NewClient, photo: Path) -> None:
    """NA-61, DX-17: a file of the plan's size is taken, one byte more is 413 and says whose limit it is."""
    client = new_client("small")
    content = photo.read_bytes()
    assert len(content) > 20_000
    says = "20000 bytes that the plan 'small' allows"
    steps = {"steps": [{"op": "resize", "width": 9}]}
    encoded = {"source": {"base64": base64.b64encode(content).decode()}}
    for answer in (
        resized(client, photo),
        client.post("/v1/resize", data={"width": "9"}, files={"file": content}),
        client.post("/v1/process", json=steps | encoded),
        client.post("/v1/process", json=steps | encoded, headers={"Prefer": "respond-async"}),
        client.post("/v1/batches", data={"steps": '[{"op": "resize", "width": 9}]'}, files={"file": content}),
        client.post("/v1/uploads", content=content),
        client.post("/v1/uploads/tus", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "20001"}),
        client.post("/v1/uploads", headers={"Upload-Complete": "?0", "Upload-Length": "20001"}),
    ):
        assert says in problem(answer, 413, "FILE_TOO_LARGE")["detail"]
    tiny = pyvips.Image.black(9, 9).jpegsave_buffer()
    exact = tiny + bytes(20_000 - len(tiny))
    assert client.post("/v1/uploads", content=exact).status_code == 201
    assert client.post("/v1/uploads", content=exact + b"\0").status_code == 413


def test_size_of_what_is_kept(new_client: NewClient, photo: Path) -> None:
    """NA-61: an upload that another key of the tenant made is no way around the plan."""
    large, small = new_client("enterprise"), new_client("small")
    upload = large.post("/v1/uploads", content=photo.read_bytes()).json()["uploadId"]
    asset = large.post("/v1/convert?format=png", content=photo.read_bytes()).json()["assetId"]
    for source in ({"uploadId": upload}, {"assetId": asset}):
        body = problem(small.post("/v1/resize", json={"width": 9, "source": source}), 413, "FILE_TOO_LARGE")
        assert "'small'" in body["detail"]
        waited = small.post("/v1/resize", json={"width": 9, "source": source}, headers={"Prefer": "wait=20"})
        problem(waited, 413, "FILE_TOO_LARGE")


def test_pixels(new_client: NewClient, photo: Path) -> None:
    """NA-61: more pixels than the plan allows are refused from the header, in a job as well."""
    small = new_client("enterprise").post("/v1/resize?width=400&format=webp", content=photo.read_bytes())
    content = new_client("enterprise").get(small.json()["url"]).content
    client = new_client("small")
    assert len(content) < 20_000
    for headers in ({}, {"Prefer": "wait=20"}):
        answer = client.post("/v1/resize?width=9", content=content, headers=headers)
        assert "100000 (the plan 'small')" in problem(answer, 422, "INVALID_FILE")["detail"]


def test_server_limits_hold_where_they_are_smaller() -> None:
    """NA-61: a plan can't allow more than the server; the error says whose limit was met."""
    plan = Plan(name="wide", max_file_bytes=100, max_pixels=100)
    assert allowed(file_limit(99, plan)) == "99 bytes that are allowed"
    assert allowed(file_limit(101, plan)) == "100 bytes that the plan 'wide' allows"
    assert task_limits(Limits(max_pixels=99), plan) == Limits(max_pixels=99)
    assert task_limits(Limits(max_pixels=101), plan).max_pixels == 100
    assert file_limit(99, Plan(name="open")) == file_limit(99, None) == 99


def test_concurrent_jobs(new_client: NewClient, photo: Path) -> None:
    """NA-61, FW-56: jobs over the plan's number wait and are not refused; all of them are done."""
    client = new_client("single")
    files = [("files", (f"{number}.jpg", photo.read_bytes())) for number in range(5)]
    steps = '[{"op": "convert", "format": "avif"}]'
    batch = client.post("/v1/batches", data={"steps": steps}, files=files)
    assert batch.status_code == 202
    most = 0
    end = time.monotonic() + 60
    while time.monotonic() < end:
        parts = client.get(f"{batch.headers['location']}/parts").json()["parts"]
        states = [part["status"] for part in parts]
        most = max(most, states.count("running"))
        if not {"queued", "running"} & set(states):
            break
    assert states == ["succeeded"] * 5
    assert most == 1


def test_counts_survive_a_kill(start_server: StartServer, photo: Path) -> None:
    """NA-62: a server that is killed and starts again knows what was used."""
    server = start_server(plans_file=str(SMALL_PLANS), workers="1")
    with server.client(server.new_key("killed", plan="monthly")) as client:
        assert left(resized(client, photo), "month") == 4
        server.kill()
        server.start()
        assert left(resized(client, photo), "month") == 3

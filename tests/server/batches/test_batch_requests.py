"""What a batch is accepted with, and what is refused, over a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from live import LiveServer, pointers, problem

SOURCES = [{"uploadId": "one"}, {"uploadId": "two"}]
STEPS = [{"op": "resize", "width": 60}]


@pytest.fixture(scope="module")
def stranger(server: LiveServer) -> Iterator[httpx.Client]:
    """A client of another tenant, who has no jobs."""
    with server.client(server.new_key("stranger")) as found:
        yield found


def test_accepted_batch_is_a_job(client: httpx.Client, stranger: httpx.Client) -> None:
    """NC-03, NC-05, NC-13, NA-50: 202 with where it is and when to look; its parts are its owner's alone."""
    answer = client.post("/v1/batches", json={"sources": SOURCES, "steps": STEPS}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['jobId']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert int(answer.headers["retry-after"]) >= 1
    assert (job["status"], job["parts"], job["partsLeft"]) == ("queued", 2, 2)
    assert len(client.get(f"/v1/jobs/{job['jobId']}/parts").json()["parts"]) == 2
    problem(stranger.get(f"/v1/jobs/{job['jobId']}/parts"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"sources": SOURCES}, {"#/steps"}),
        ({"sources": SOURCES, "steps": STEPS, "packs": ["tiktok"]}, {"#/packs"}),
        ({"steps": STEPS}, {"#/sources"}),
        ({"sources": [], "steps": STEPS}, {"#/sources"}),
        ({"sources": SOURCES * 501, "steps": STEPS}, {"#/sources"}),
        ({"sources": SOURCES, "packs": ["tiktok", "tictoc", "tiktok"]}, {"#/packs", "#/packs/1"}),
        ({"sources": [{"uploadId": "a"}, {}], "steps": STEPS}, {"#/sources/1"}),
        ({"sources": SOURCES, "steps": [{"op": "picture-info"}, *STEPS]}, {"#/steps/1"}),
        ({"steps": [{"op": "picture-info"}, *STEPS]}, {"#/steps/1", "#/sources"}),
        (
            {
                "sources": [{"uploadID": "a"}],
                "steps": [{"op": "resize", "widht": 5, "height": 0}],
                "output": {"t": 1},
            },
            {"#/sources/0/uploadID", "#/steps/0/widht", "#/steps/0/height", "#/output/t"},
        ),
    ],
)
def test_refused_wholly_with_every_fault(stranger: httpx.Client, body: dict[str, Any], wrong: set[str]) -> None:
    """NA-26, NA-71: all faults at once, each with its pointer, and nothing is accepted."""
    assert pointers(problem(stranger.post("/v1/batches", json=body), 422, "INVALID_PARAMETER")) == wrong
    assert stranger.get("/v1/jobs").json()["jobs"] == []


def test_form_of_what_is_no_input(stranger: httpx.Client) -> None:
    """NA-23: file parts are inputs; one beside them, sources as well, and too many of them are refused."""
    data = {"steps": json.dumps(STEPS)}
    answer = stranger.post("/v1/batches", files={"file": b"x", "logo": b"y"}, data=data)
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/logo"}
    answer = stranger.post("/v1/batches", files={"file": b"x"}, data={**data, "sources": json.dumps(SOURCES)})
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/sources"}
    answer = stranger.post("/v1/batches", files=[("files", ("a", b"x"))] * 1001, data=data)
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/files"}
    assert stranger.get("/v1/jobs").json()["jobs"] == []


def test_steps_that_would_be_too_much_in_each_part(stranger: httpx.Client) -> None:
    """Every part keeps the steps: what one input may bring is too much for a thousand."""
    image = {"url": "http://127.0.0.1:9/logo.png", "headers": {f"X-{number}": "x" * 8000 for number in range(9)}}
    body = {"sources": SOURCES * 500, "steps": [{"op": "watermark", "image": image}]}
    assert pointers(problem(stranger.post("/v1/batches", json=body), 422, "INVALID_PARAMETER")) == {"#/steps"}
    broken = {"sources": SOURCES, "steps": [{"op": "watermark", "image": {"base64": "@@@"}}]}
    answer = problem(stranger.post("/v1/batches", json=broken), 422, "INVALID_PARAMETER")
    assert pointers(answer) == {"#/steps/0/image/base64"}
    assert stranger.get("/v1/jobs").json()["jobs"] == []


def test_parts_by_page(client: httpx.Client) -> None:
    """NC-15: an opaque cursor and a `Link`; wrong ones are named."""
    sources = [{"uploadId": f"u{number}"} for number in range(5)]
    job = client.post("/v1/batches", json={"sources": sources, "steps": STEPS}).json()
    path = f"/v1/jobs/{job['jobId']}/parts"
    first = client.get(path, params={"limit": 3})
    second = client.get(path, params={"limit": 3, "cursor": first.json()["nextCursor"]})
    assert [part["source"] for page in (first, second) for part in page.json()["parts"]] == [0, 1, 2, 3, 4]
    assert second.json()["nextCursor"] is None
    assert client.get(first.links["next"]["url"]).json()["parts"][0]["source"] == 3
    for name, value in (("limit", "0"), ("cursor", "x!"), ("status", "lost")):
        assert pointers(problem(client.get(path, params={name: value}), 422, "INVALID_PARAMETER")) == {f"#/{name}"}
    problem(client.get("/v1/jobs/unknown/parts"), 404, "NOT_FOUND")

"""Webhooks of a live server, from the request that names one to the message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from live import LiveServer, StartServer, pointers, problem
from webhook_inbox import Inbox, receiving_in_thread


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A receiver."""
    with receiving_in_thread() as made:
        yield made


@pytest.fixture(scope="module")
def local(start_server: StartServer) -> LiveServer:
    """A server that sends webhooks to this machine."""
    return start_server(fetch_allow_networks="127.0.0.0/8", webhook_allow_http="true", workers="1")


def told(client: httpx.Client, job: str) -> dict[str, Any]:
    """Wait until the server has noted what came of a message, and return it."""
    for _ in range(200):
        shown: dict[str, Any] = client.get(job).json()["webhook"]
        if shown["attempts"]:
            return shown
        time.sleep(0.05)
    raise AssertionError(shown)


def test_end_of_a_job(local: LiveServer, inbox: Inbox, photo: Path) -> None:
    """NA-29, NA-52: the request becomes a job; the message is the job, signed with the tenant's secret."""
    with local.client() as client:
        output = f'{{"webhook": "{inbox.url}"}}'
        answer = client.post("/v1/resize", files={"file": photo.read_bytes()}, data={"width": "64", "output": output})
        assert answer.status_code == 202
        headers, body = inbox.wait(1)
        job = Webhook(client.get("/v1/webhooks/secret").json()["secret"]).verify(body, headers)
        assert headers["webhook-id"] == f"msg_{answer.json()['jobId']}"
        told(client, answer.headers["location"])
        shown = client.get(answer.headers["location"]).json()
        webhook = shown.pop("webhook")
        assert job == shown
        assert (job["status"], job["result"]["width"]) == ("succeeded", 64)
        assert (webhook["status"], webhook["attempts"], webhook["url"]) == ("delivered", 1, inbox.url)
        assert client.get(job["result"]["url"]).status_code == 200
        metrics = client.get("/metrics").text
    assert 'filemill_webhook_attempts_total{outcome="delivered"} 1.0' in metrics
    log = Path(local.log.name).read_text()
    assert "webhook_attempt" in log
    assert not any(word in log for word in ("token=hidden", "whsec_", "signature="))


def test_end_of_a_failure(local: LiveServer, inbox: Inbox) -> None:
    """NA-52: a job that failed is told of with its error."""
    with local.client() as client:
        body = {"source": {"url": "http://127.0.0.1:1/"}, "width": 64, "output": {"webhook": inbox.url}}
        assert client.post("/v1/resize", json=body).status_code == 202
        headers, sent = inbox.wait(1)
        job = Webhook(client.get("/v1/webhooks/secret").json()["secret"]).verify(sent, headers)
    assert (job["status"], job["error"]["code"]) == ("failed", "SOURCE_UNREACHABLE")


def test_refused_at_once(local: LiveServer) -> None:
    """NA-29, NA-71: a URL that nothing is sent to is told before any work."""
    with local.client() as client:
        for url in ("ftp://a.example/", "https://169.254.169.254/", "https://a:b@c.example/", "x", ""):
            body = {"source": {"base64": "AA=="}, "width": 8, "output": {"webhook": url}}
            answer = client.post("/v1/resize", json=body)
            assert "#/output/webhook" in pointers(problem(answer, 422, "INVALID_PARAMETER"))


def test_copies_have_no_webhook(local: LiveServer, photo: Path) -> None:
    """NA-29: what can't be told of is refused, not forgotten."""
    with local.client() as client:
        made = client.post("/v1/resize", params={"width": "64"}, content=photo.read_bytes()).json()
        body = {"output": {"webhook": "https://hooks.example/"}}
        refused = problem(client.post(f"/v1/assets/{made['assetId']}/copy", json=body), 422, "INVALID_PARAMETER")
    assert pointers(refused) == {"#/output/webhook"}


def test_gone(local: LiveServer, inbox: Inbox, photo: Path) -> None:
    """NC-08: after 410 the endpoint is refused, listed, and taken again when it was enabled."""
    inbox.status = 410
    with local.client() as client:
        output = f'{{"webhook": "{inbox.url}"}}'
        request: dict[str, Any] = {"files": {"file": photo.read_bytes()}, "data": {"width": "64", "output": output}}
        first = client.post("/v1/resize", **request)
        inbox.wait(1)
        assert told(client, first.headers["location"])["status"] == "disabled"
        refused = problem(client.post("/v1/resize", **request), 422, "INVALID_PARAMETER")
        assert pointers(refused) == {"#/output/webhook"}
        [endpoint] = client.get("/v1/webhooks/endpoints").json()["endpoints"]
        assert f"/v1/webhooks/endpoints/{endpoint['endpointId']}/enable" in refused["detail"]
        inbox.status = 204
        assert client.post(f"/v1/webhooks/endpoints/{endpoint['endpointId']}/enable").status_code == 204
        assert client.post("/v1/resize", **request).status_code == 202
        inbox.wait(2)

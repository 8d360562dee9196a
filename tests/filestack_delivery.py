"""What tests of Filestack's delivery look at: its refusals, and how much workers were used."""

from __future__ import annotations

import re

import httpx

from live import LiveServer

_TASKS = re.compile(r'^filemill_tasks_total\{outcome="[A-Z_]+"\} ([0-9.]+)$', re.MULTILINE)


def worker_tasks(server: LiveServer) -> int:
    """Return how many tasks workers have finished."""
    with server.client() as client:
        metrics = client.get("/metrics").text
    return sum(int(float(count)) for count in _TASKS.findall(metrics))


def refused_delivery(response: httpx.Response, status: int, about: str = "") -> str:
    """Check that delivery or processing refused something in its own words, and return them."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    body = response.json()
    assert set(body) == {"error"}, body
    message: str = body["error"]
    assert about in message
    return message

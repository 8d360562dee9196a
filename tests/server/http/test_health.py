"""Health, metrics and logs of a running server."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from live import LiveServer, StartServer, children


def test_ready_tries_every_part(client: httpx.Client) -> None:
    """NA-83: a canary encode through a worker, the database and the storage."""
    body = client.get("/health/ready").json()
    assert body == {"status": "ok", "checks": {"worker": "ok", "database": "ok", "storage": "ok"}}


def test_metrics_count_requests(client: httpx.Client, photo: Path) -> None:
    """NA-83: Prometheus form, with requests by route and tasks by outcome."""
    client.post("/v1/flip", content=photo.read_bytes())
    client.post("/v1/flip", content=b"\xff\xd8\xffbroken")
    text = client.get("/metrics").text
    assert 'filemill_requests_total{method="POST",route="/v1/flip",status="200"}' in text
    assert 'filemill_tasks_total{outcome="OK"}' in text
    assert 'filemill_tasks_total{outcome="INVALID_FILE"}' in text


def test_logs_are_json_without_secrets(server: LiveServer, photo: Path) -> None:
    """NA-83: one JSON line a request with its id and the key's id, never a key or a signed URL."""
    secret = server.new_key("logged")  # the first one is shown at the start
    with server.client(secret) as client:
        answer = client.post("/v1/flip", content=photo.read_bytes(), headers={"X-Request-Id": "logged-1"})
    httpx.get(answer.json()["url"])
    text = Path(server.log.name).read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("request_id") == "logged-1" and line["event"] == "request"]
    assert line["status"] == 200
    assert line["key_id"]
    assert secret not in text
    assert "signature=" not in text


def test_a_worker_killed_costs_one_request(start_server: StartServer, photo: Path) -> None:
    """A worker killed -9 in the middle of its work: that request is answered 503, all others are fine."""
    server = start_server(workers="1")
    with server.client() as client:
        assert client.get("/health/ready").status_code == 200, "the worker has started"
        slow = client.build_request(
            "POST",
            "/v1/process",
            files={"file": photo.read_bytes()},
            data={"steps": '[{"op":"resize","width":6000},{"op":"blur","sigma":40},{"op":"convert","format":"avif"}]'},
        )
        idle = {pid: cpu_ticks(pid) for pid in children(server.process.pid)}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.send, slow)
            os.kill(_busy(idle), signal.SIGKILL)
            broken = waiting.result()
        assert (broken.status_code, broken.json()["code"]) == (503, "OVERLOADED")
        assert "retry-after" in broken.headers
        for _ in range(6):
            assert client.post("/v1/flip", content=photo.read_bytes()).status_code == 200


def _busy(idle: dict[int, int]) -> int:
    """Return the process that works since its CPU time was taken: a fifth of a second more, and it has begun."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for pid, ticks in idle.items():
            if cpu_ticks(pid) > ticks + 20:
                return pid
        time.sleep(0.02)
    raise AssertionError("no worker began")


def cpu_ticks(pid: int) -> int:
    """Return the CPU time a process has used, clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_the_deadline_holds(start_server: StartServer, photo: Path) -> None:
    """Work past the deadline is 504 within a second of it, and the worker is replaced."""
    server = start_server(deadline_seconds="1", workers="1")
    slow = {"type": "avif", "priority": "quality"}
    steps = json.dumps([{"op": "resize", "width": 9000}, {"op": "blur", "sigma": 100, "format": slow}])
    with server.client() as client:
        started = time.monotonic()
        response = client.post("/v1/process", files={"file": photo.read_bytes()}, data={"steps": steps})
        assert (response.status_code, response.json()["code"]) == (504, "DEADLINE_EXCEEDED")
        assert time.monotonic() - started < 3
        assert client.post("/v1/flip", content=photo.read_bytes()).status_code == 200

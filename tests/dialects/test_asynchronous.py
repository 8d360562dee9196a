"""The asynchronous dialects keep nothing in a process: another one answers for what a first one accepted."""

from __future__ import annotations

from pathlib import Path

import httpx

from live import LiveServer, StartServer, size_of


def ended(client: httpx.Client, url: str, going: str) -> dict[str, str]:
    """Ask until a job has ended."""
    while True:
        body: dict[str, str] = client.get(url).json()
        if body["status"] not in ("queued", going):
            return body


def test_killed_and_started_again(start_server: StartServer, photo: Path) -> None:
    """IS-25, IS-43, FW-16, FW-40, DX-04: keys, tokens and links outlive the server, and so do the jobs."""
    server: LiveServer = start_server(workers="1", public_url="https://files.example.com")
    headers = {"x-api-key": server.key}
    files = {"file": ("photo.jpg", photo.read_bytes())}
    with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
        smaller = client.post("/imgsmaller/api/v1/compress", files=files, data={"output": "avif"}).json()
        whirled = client.post("/filewhirl/convert-api", files=files, data={"to": "avif"}).json()
    server.kill()
    server.start()
    with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
        base = "https://files.example.com"
        for url in (smaller["result_url"], whirled["status_url"]):
            assert url.startswith(base)
        small = ended(client, smaller["result_url"].removeprefix(base), "processing")
        done = ended(client, whirled["status_url"].removeprefix(base), "processing")
        for url in (small["download"], done["output_url"]):
            assert size_of(client.get(url.removeprefix(base)).content) == (1200, 800)

"""The receivers on the page about webhooks do what it says: they run, and take real messages only."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from documentation import ROOT, blocks
from filemill_server.webhooks.delivery import Attempt, Endpoint, Outcome, compose, deliver
from filemill_server.webhooks.schedule import RETRY_SECONDS
from filemill_server.webhooks.signatures import make_secret
from webhook_receiver import POLICY, SECRET, receiving, send, status

pytestmark = pytest.mark.anyio

PAGE = ROOT / "docs" / "consumers" / "webhooks.md"
PYTHON, BY_HAND = blocks("python", [PAGE])
[NODE] = blocks("js", [PAGE])
JOB = compose("msg_j", {"jobId": "j", "status": "succeeded", "result": {"filename": "ä.png"}})


def _has_package() -> bool:
    """Whether Node is there with the package; NODE_PATH may name its folder."""
    node = shutil.which("node")
    return node is not None and not subprocess.run([node, "-e", "require('standardwebhooks')"], stderr=-3).returncode


@contextmanager
def running(command: list[str], text: str, folder: Path) -> Iterator[str]:
    """Run a receiver of the page on a free port; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "9000" in text
    path = folder / "receiver.js"
    path.write_text(text.replace("9000", str(port)))
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [*command, path], env=os.environ | {"WEBHOOK_SECRET": SECRET}, stdout=log, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()
        log.close()


async def tell(url: str, *secrets: str) -> Attempt:
    """Send a message about a job once."""
    return await deliver(JOB, Endpoint(url, secrets), number=1, policy=POLICY)


@pytest.mark.parametrize("language", ["python", "node"])
async def test_receivers(language: str, tmp_path: Path) -> None:
    """NC-08: the receivers take what is signed with their secret, also beside another one, and nothing else."""
    if language == "node" and not _has_package():
        pytest.skip("Node's package standardwebhooks is not installed (npm install standardwebhooks; NODE_PATH)")
    command, block = ([sys.executable], PYTHON) if language == "python" else (["node"], NODE)
    with running(command, block.text, tmp_path) as url:
        for _ in range(100):
            attempt = await tell(url, SECRET)
            if attempt.status is not None:
                break
            await asyncio.sleep(0.1)
        assert (attempt.outcome, attempt.status) == (Outcome.DELIVERED, 204)
        assert (await tell(url, make_secret(), SECRET)).outcome is Outcome.DELIVERED
        assert (await tell(url, make_secret())).status == 400
    assert (tmp_path / "log").read_text().split()[:2] == [JOB.id, "succeeded"]


async def test_by_hand() -> None:
    """NC-08: what the page does by hand takes the same messages, and none that was changed or is old."""
    space: dict[str, object] = {}
    exec(compile(BY_HAND.text, str(BY_HAND), "exec"), space)
    is_genuine = space["is_genuine"]
    assert callable(is_genuine)
    async with receiving(status("204 No Content")) as receiver:
        await send(receiver.url, 1, POLICY, make_secret(), SECRET)
    [(_, headers, body)] = receiver.requests
    assert is_genuine(SECRET, headers, body)
    assert not is_genuine(SECRET, headers, body + b" ")
    assert not is_genuine(make_secret(), headers, body)
    assert not is_genuine(SECRET, headers | {"webhook-timestamp": "1700000000"}, body)


def test_schedule() -> None:
    """NC-08: the table of the page is the schedule."""
    units = {"second": 1, "minute": 60, "hour": 3600}
    rows = [line.split("|")[2].split() for line in PAGE.read_text().splitlines() if line[:3].strip("| ").isdigit()]
    waits = [int(words[0]) * units[words[1].rstrip("s")] for words in rows if len(words) == 2]
    assert tuple(waits) == RETRY_SECONDS

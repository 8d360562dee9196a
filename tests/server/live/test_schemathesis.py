"""The OpenAPI document is what the server does: schemathesis, all its checks, over the live server (NA-13, NA-71).

Its settings, and why each of them is, stand in `schemathesis.toml`, where anybody's own run finds them too.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from filemill.errors import Problem
from filemill_server.database import Database
from filemill_server.jobs.rows import NewJob
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.keys import Keys
from live import LiveServer
from watched import Watch, Watched

ROOT = Path(__file__).resolve().parents[3]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SEED = 20_260
GENERIC = r"^/v1/(?!(resize|watermark|picture-info|packs.*|uploads.*|assets.*|jobs.*|operations.*|formats)$)[a-z-]+$"
"""Operations that are the same code with another schema: the phase that goes through every border of a schema
takes three of them, and everything else."""

RESULT = {
    "assetId": "unknown",
    "url": "http://127.0.0.1/v1/assets/unknown",
    "expiresAt": None,
    "filename": "a.png",
    "format": "png",
    "mimeType": "image/png",
    "sizeBytes": 3,
    "source": {"filename": "a.png", "format": "png", "sizeBytes": 3},
    "report": [],
}


@pytest.fixture(scope="module")
def watched(watch: Watch) -> Watched:
    """A server for it alone: it deletes what it finds. Small pictures, quick refusals, so that it ends in time."""
    found = watch(workers="2", max_pixels=str(2_000_000), max_upload_bytes=str(8 << 20), fetch_timeout_seconds="0.2")
    asyncio.run(add_ended_jobs(found.server))
    return found


async def add_ended_jobs(server: LiveServer) -> None:
    """Put jobs into the server's database, some of each end."""
    database = Database(f"sqlite:///{server.data / 'filemill.db'}")
    store, key = JobStore(database), await Keys(database).find(server.key)
    assert key is not None
    order = encode_order(Work(pipelines=[], base_url=server.address)).decode()
    names = [f"ended{index}" for index in range(12)]
    await store.add(*(NewJob(id=name, tenant=key.tenant, order=order) for name in names))
    for index, name in enumerate(names):
        if index % 3 == 0:
            assert await store.succeed(name, msgspec.json.encode(RESULT).decode())
        elif index % 3 == 1:
            assert await store.fail(name, msgspec.json.encode(Problem("INVALID_FILE", "It is broken.")).decode())
        else:
            assert await store.cancel(name)
    database.close()


def run(watched: Watched, *options: str) -> None:
    """Run schemathesis; fail with what it found."""
    command = [
        *(str(SCHEMATHESIS), "--config-file", str(ROOT / "schemathesis.toml"), "run"),
        *(f"{watched.server.address}/openapi.json", "-H", f"Authorization: Bearer {watched.server.key}"),
        *("--seed", str(SEED), "--generation-deterministic", "--no-color", "--max-failures", "20", *options),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=watched.server.data.parent, timeout=300)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert "unexpected_error" not in Path(watched.server.log.name).read_text()


@pytest.mark.slow
def test_examples_and_generated_requests(watched: Watched) -> None:
    """Its examples, random requests good and bad, and chains of them over all operations find nothing."""
    run(watched, "--phases", "examples,fuzzing,stateful", "--max-examples", "4")


@pytest.mark.slow
def test_every_border_of_the_schemas(watched: Watched) -> None:
    """Each bound, type and missing part of the parameters, unknown methods and forged keys find nothing."""
    run(watched, "--phases", "coverage", "--exclude-path-regex", GENERIC)

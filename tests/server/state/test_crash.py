"""A process killed at any moment leaves no row without its bytes, and no half file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from filemill_server.database import Database
from filemill_server.idempotency import Idempotency
from filemill_server.storage import Storage
from filemill_server.sweeper import Sweeper
from filemill_server.tables import files
from filemill_server.workplace import Workplace

pytestmark = pytest.mark.anyio

ROUNDS = 12
LOAD = """
import asyncio, hashlib, os, pathlib, sys
from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.storage import Storage

async def worker(number, assets, folder):
    kept = []
    while True:
        data = os.urandom(20_000 + number)
        path = folder / f"work-{os.getpid()}-{number}"
        path.write_bytes(data)
        facts = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        known = dict(filename="f", format="text", media_type="text/plain", facts={}, **facts)
        kind = number % 4
        if kind == 0 and kept:
            kept.append(await assets.replace(kept.pop(0), path, **known))
            continue
        id = assets.new_id()
        kept.append(await assets.add(path, id=id, tenant="t", public=False, ttl_seconds=None, **known))
        if kind == 1:
            await assets.delete(kept.pop(0))
        elif kind == 2:
            await assets.copy(kept[0], id=assets.new_id(), public=False, ttl_seconds=7200)

async def main(url, folder):
    assets = Assets(Database(url), Storage.open(None, folder / "files"))
    print(os.getpid(), flush=True)
    await asyncio.gather(*(worker(number, assets, folder) for number in range(8)))

# One process for each line that is read, without the time that imports take.
for _ in sys.stdin:
    if not os.fork():
        asyncio.run(main(sys.argv[1], pathlib.Path(sys.argv[2])))
    os.wait()
"""


def start_load(url: str, folder: Path) -> subprocess.Popen[str]:
    """Start a process whose children do all that can be done to assets, as fast as they can."""
    command = [sys.executable, "-c", LOAD, url, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_killed_at_any_moment(database: Database, empty_url: str, tmp_path: Path) -> None:
    """After kill -9 every row has its whole bytes; bytes without a row are swept, and nothing else is."""
    storage = Storage.open(None, tmp_path / "files")
    moments = random.Random(4)
    mother = start_load(empty_url, tmp_path)
    assert mother.stdin is not None
    assert mother.stdout is not None
    for _ in range(ROUNDS):
        mother.stdin.write("go\n")
        mother.stdin.flush()
        child = int(mother.stdout.readline())
        await asyncio.sleep(moments.uniform(0.02, 0.5))
        os.kill(child, signal.SIGKILL)
    mother.communicate()
    rows = await database.read(
        lambda connection: connection.execute(select(files.c.storage_name, files.c.sha256)).all()
    )
    assert len(rows) > ROUNDS
    for name, sha256 in rows:
        data = b"".join([piece async for piece in storage.stream(name)])
        assert hashlib.sha256(data).hexdigest() == sha256
    place = Workplace.open(tmp_path)
    sweeper = Sweeper(database, storage, Idempotency(database, place.id), place)
    await sweeper.sweep_once(datetime.now(UTC) + timedelta(minutes=62))
    query = select(files.c.storage_name)
    left = await database.read(lambda connection: set(connection.execute(query).scalars()))
    assert {entry.name async for page in storage.names() for entry in page} == left
    place.close()

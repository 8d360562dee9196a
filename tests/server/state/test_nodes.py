"""Processes that run jobs: who lives, by the clock of the database, and who is alone with a folder."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import select, update

from filemill_server.database import Database
from filemill_server.jobs.dispatcher import _hold
from filemill_server.jobs.nodes import SILENT_SECONDS, Nodes
from filemill_server.tables import nodes

pytestmark = pytest.mark.anyio


async def silent(database: Database, id: str, seconds: float) -> None:
    """Let the last beat of a process be so long ago."""
    statement = update(nodes).where(nodes.c.id == id).values(seen_at=nodes.c.seen_at - int(seconds * 1_000_000))
    await database.run(lambda connection: connection.execute(statement))


async def test_silent_process_is_dead(database: Database) -> None:
    """NA-51: not before its time, never in its own eyes, and no more when it speaks again."""
    one, other = Nodes(database, "one"), Nodes(database, "other")
    await one.beat()
    await other.beat()
    await silent(database, "other", SILENT_SECONDS - 2)
    assert await one.dead() == []
    await silent(database, "other", 2)
    assert await one.dead() == ["other"]
    assert await other.dead() == []
    await other.beat()
    assert await one.dead() == []


async def test_clock_is_the_databases(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose own clock is an hour off neither dies nor buries others."""
    monkeypatch.setattr("time.time", lambda: 3600.0)
    one, other = Nodes(database, "one"), Nodes(database, "other")
    await one.beat()
    await other.beat()
    assert await one.dead() == []
    seen = await database.read(lambda connection: connection.execute(select(nodes.c.seen_at)).scalars().all())
    assert min(seen) > 1_700_000_000_000_000


async def test_process_that_says_it_ends_is_dead_at_once(database: Database) -> None:
    """NA-51: a deployment costs no time of silence; who has been handed on is forgotten."""
    one, other = Nodes(database, "one"), Nodes(database, "other")
    await one.beat()
    await other.beat()
    await other.bury(["other"])
    assert await one.dead() == ["other"]
    await one.forget("other")
    assert await one.dead() == []


HOLDER = """
    import asyncio, sys
    from pathlib import Path
    from filemill_server.jobs.dispatcher import _hold

    async def main():
        await _hold(Path(sys.argv[1]))
        print("held", flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
"""


async def test_second_process_waits_until_the_first_is_gone(tmp_path: Path) -> None:
    """NA-51: on SQLite one process runs jobs; killed, it makes room for the next within a second or so."""
    lock = tmp_path / "jobs.lock"
    first = subprocess.Popen([sys.executable, "-c", dedent(HOLDER), str(lock)], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    try:
        assert await asyncio.to_thread(first.stdout.readline) == "held\n"
        second = asyncio.create_task(_hold(lock))
        await asyncio.sleep(1.2)
        assert not second.done()
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    descriptor = await asyncio.wait_for(second, 5)
    assert descriptor > 0
    os.close(descriptor)

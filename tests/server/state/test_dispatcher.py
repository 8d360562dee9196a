"""What a process does with the jobs that it took, where it can't begin them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from filemill_server.database import Database
from filemill_server.jobs.dispatcher import Dispatcher
from filemill_server.jobs.engine import Engine
from filemill_server.jobs.nodes import Nodes
from filemill_server.jobs.pace import Pace
from filemill_server.jobs.queue import Queue
from filemill_server.jobs.rows import NewJob
from filemill_server.jobs.runner import Runner
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()


class FullEngine:
    """An engine whose database has no room until it is told that there is some."""

    def __init__(self) -> None:
        self.full = True
        self.started: list[str] = []

    async def start(self, jobs: Sequence[str], id: str) -> None:
        """Note what was started."""
        if self.full:
            raise OSError("no room")
        self.started.extend(jobs)


async def test_jobs_that_could_not_be_started_hold_no_place(database: Database) -> None:
    """NA-51: others have the place of a job that was taken and not started, and it is gone on with afterwards."""
    store = JobStore(database)
    dispatcher = Dispatcher(
        store=store,
        queue=Queue(database, "one", None),
        nodes=cast(Nodes, SimpleNamespace(id="one")),
        runner=cast(Runner, None),
        pace=Pace(1),
        engine_url="",
        lock=None,
        attempt=lambda job, number: pytest.fail("nothing has ended"),
        tell=lambda *jobs: None,
    )
    full = FullEngine()
    engine = cast(Engine, full)
    await store.add(NewJob(id="first", tenant="shop", order=ORDER))
    with pytest.raises(OSError, match="no room"):
        await dispatcher._take(engine)
    full.full = False
    await store.add(NewJob(id="second", tenant="shop", order=ORDER))
    await dispatcher._take(engine)
    assert full.started == ["second"]
    for _ in range(2):
        await dispatcher._find(engine)
    assert full.started == ["second", "first"]

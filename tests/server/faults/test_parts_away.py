"""The database or the store goes away for ten seconds, with jobs at work and waiting (NA-51)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from ledger import Ledger, Load, now
from nodes import Pair, wait_for
from real_parts import ObjectStoreServer, PostgresServer

pytestmark = pytest.mark.slow

AWAY_SECONDS = 10

Stopped = Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=["database", "store"])
def stopped(request: pytest.FixtureRequest, postgres: PostgresServer, object_store: ObjectStoreServer) -> Stopped:
    """Have a part stopped for the time of a `with` block."""
    stops: dict[str, Stopped] = {
        "database": lambda: postgres.stopped("immediate"),
        "store": object_store.stopped,
    }
    return stops[request.param]


def test_part_that_goes_away_costs_no_job(pair: Pair, ledger: Ledger, stopped: Stopped) -> None:
    """NA-51: what was accepted before, and while one part after another came back, ends with one asset each."""
    with Load([pair.server], ledger, seconds=0.3) as load:
        time.sleep(2)
        with stopped():
            time.sleep(AWAY_SECONDS)
        time.sleep(2)
    ledger.wait(60)
    ledger.check(load.accepted, now())
    assert len(load.accepted) > 10
    wait_for(pair.client, load.accepted[-1], "succeeded")
    for worker in pair.workers:
        assert worker.process is not None
        assert worker.process.poll() is None

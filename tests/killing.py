"""Nodes that are killed at random moments under load, again and again, and what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from obstore.store import LocalStore

from ledger import Ledger, Load, now
from live import LiveServer
from nodes import Node, install_plugin
from stores import store_of

LONGEST_LIFE = 3.0
"""Seconds after it works again, at the latest, that a node is killed once more."""
DRAIN_SECONDS = 90.0


@dataclass
class Report:
    """What a run of kills gave; times are in seconds since the start of a process."""

    kills: int = 0
    accepted: int = 0
    strays: int = 0
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    refused: int = 0

    def __add__(self, other: Report) -> Report:
        return Report(
            self.kills + other.kills,
            self.accepted + other.accepted,
            self.strays + other.strays,
            self.began + other.began,
            self.ended + other.ended,
            self.refused + other.refused,
        )

    def __str__(self) -> str:
        times = "; ".join(
            f"first job {name} after {median(values):.1f} s (median), {max(values):.1f} s (longest)"
            for name, values in (("began", self.began), ("ended", self.ended))
            if values
        )
        return (
            f"{self.kills} kills, {self.accepted} jobs accepted, 0 lost, 0 published twice, "
            f"{self.strays} files left to the sweeper; {times}"
        )


def kill_embedded(folder: Path, kills: int, seed: int) -> Report:
    """Kill one server on SQLite again and again, with everything that it needs in one folder."""
    server = LiveServer(folder / "data", {"FILEMILL_WORKERS": "2", **install_plugin(folder / "site")})
    server.start()
    ledger = Ledger(
        f"sqlite:///{server.data / 'filemill.db'}",
        LocalStore(server.data / "files"),
        (server.data / "secret").read_bytes(),
    )
    try:
        return _kill([server], [server], ledger, kills, random.Random(seed), all_down=True)
    finally:
        ledger.close()
        server.stop()


def kill_two_nodes(folder: Path, shared: dict[str, str], kills: int, seed: int) -> Report:
    """Kill one or the other of two nodes over PostgreSQL and S3, again and again.

    Args:
        folder: for what is each node's own.
        shared: the environment of both.
        kills: how many.
        seed: of the moments.
    """
    environment = shared | {"FILEMILL_WORKERS": "2"} | install_plugin(folder / "site")
    servers = [LiveServer(folder / name / "data", dict(environment)) for name in ("one", "two")]
    ledger = Ledger(shared["FILEMILL_DATABASE_URL"], store_of(shared), shared["FILEMILL_SECRET"].encode())
    try:
        for server in servers:
            server.data.parent.mkdir()
            server.key = servers[0].key
            server.start()
        return _kill(servers, servers, ledger, kills, random.Random(seed), all_down=False)
    finally:
        ledger.close()
        for server in servers:
            server.stop()


def _kill(
    asked: Sequence[LiveServer],
    killed: Sequence[Node],
    ledger: Ledger,
    kills: int,
    chance: random.Random,
    *,
    all_down: bool,
) -> Report:
    """Kill a node at a random moment after it works, start it again, and check all jobs at the end.

    Args:
        asked: whom clients send jobs to.
        killed: of these, one at a time.
        ledger: of them all.
        kills: how many.
        chance: gives moments and nodes.
        all_down: whether no node is left then: the first job that begins and ends is the killed one's own.
    """
    report = Report(kills=kills)
    last: datetime = now()
    with Load(asked, ledger, seconds=0.1, pages=2) as load:
        for _ in range(kills):
            time.sleep(chance.uniform(0, LONGEST_LIFE))
            node = chance.choice(list(killed))
            node.kill()
            last = now() + timedelta(seconds=5)  # the store may still finish what it was sent, on a busy machine
            started = time.time()
            node.start()
            if all_down:
                took = within(lambda since=started: ledger.seconds_to_work(since), DRAIN_SECONDS)
                report.began.append(took[0])
                report.ended.append(took[1])
    ledger.wait(DRAIN_SECONDS)
    report.accepted, report.refused = len(load.accepted), load.refused
    report.strays = ledger.check(load.accepted, last)
    return report


def within(look: Callable[[], tuple[float, float] | None], seconds: float) -> tuple[float, float]:
    """Look until there is something to see."""
    end = time.monotonic() + seconds
    while (seen := look()) is None:
        assert time.monotonic() < end, f"no job ended within {seconds} s of a start"
        time.sleep(0.05)
    return seen

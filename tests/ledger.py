"""What became of accepted jobs, as the database and the store have it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import httpx
import msgspec
import obstore
import psycopg
from obstore.store import ObjectStore
from sqlalchemy import ColumnElement, NullPool, Row, create_engine, func, select, true
from sqlalchemy.exc import OperationalError

from filemill_server.database_url import database_url
from filemill_server.tables import files, jobs
from filemill_server.webhooks.sealing import Purpose, Sealer
from live import LiveServer
from nodes import order

SETTLE_SECONDS = 40.0
_ALL = true()


class Ledger:
    """Reads the rows of jobs and files, and the bytes in the store.

    Args:
        url: of the database.
        store: where the bytes are, from the folder of the files on.
        secret: of the servers, which encrypts what came of jobs.
    """

    def __init__(self, url: str, store: ObjectStore, secret: bytes) -> None:
        self._engine = create_engine(database_url(url), poolclass=NullPool)
        self._store = store
        self._sealer = Sealer(secret, Purpose.JOB)

    def rows(self, *columns: Any, where: ColumnElement[bool] = _ALL) -> Sequence[Row[Any]]:
        """Return columns of jobs."""
        with self._engine.begin() as connection:
            return connection.execute(select(*columns).where(where)).all()

    def unended(self) -> int:
        """Return how many jobs have not ended."""
        ((count,),) = self.rows(func.count(jobs.c.id), where=jobs.c.finished_at.is_(None))
        return int(count)

    def wait(self, seconds: float, every: float = 0.1) -> None:
        """Wait until all jobs have ended."""
        end = time.monotonic() + seconds
        while left := self.unended():
            if time.monotonic() > end:
                stuck = self.rows(
                    jobs.c.id, jobs.c.state, jobs.c.node, jobs.c.attempts, where=jobs.c.finished_at.is_(None)
                )
                raise AssertionError(f"{left} jobs have not ended after {seconds} s: {stuck[:10]}")
            time.sleep(every)

    def span(self) -> tuple[int, int]:
        """Return when the first job began, and when the last was over, as the database has it."""
        ((began, ended),) = self.rows(func.min(jobs.c.started_at), func.max(jobs.c.finished_at))
        return began, ended

    def seconds_to_work(self, since: float) -> tuple[float, float] | None:
        """Return how long after a moment the first job began, and ended, as the database has it; None: not yet."""
        first = int(since * 1_000_000)
        began = self.rows(func.min(jobs.c.started_at), where=jobs.c.started_at > first)[0][0]
        ended = self.rows(func.min(jobs.c.finished_at), where=jobs.c.finished_at > first)[0][0]
        return None if began is None or ended is None else ((began - first) / 1e6, (ended - first) / 1e6)

    def check(self, accepted: Sequence[str], last_fault: datetime) -> int:
        """Check that each job ended with one asset, that nothing else was published and nothing is missing.

        Args:
            accepted: the jobs that were answered with 202.
            last_fault: bytes that belong to nobody are older than this.

        Returns:
            How many files there are that belong to nobody: their process was killed between storing and publishing.
        """
        rows = self.rows(jobs.c.id, jobs.c.state, jobs.c.result, jobs.c.error)
        lost = set(accepted) - {row.id for row in rows}
        assert not lost, f"{len(lost)} of {len(accepted)} accepted jobs are not there"
        wanted = set(accepted)
        failed = [(row.id, row.state, row.error) for row in rows if row.id in wanted and row.state != "succeeded"]
        assert not failed, f"{len(failed)} jobs did not succeed: {failed[:3]}"
        opened = [self._sealer.open(row.result, row.id) for row in rows if row.state == "succeeded"]
        results = sorted(msgspec.json.decode(result)["assetId"] for result in opened)
        until = time.monotonic() + SETTLE_SECONDS
        strays = self._strays(results)
        while any(at > last_fault for at in strays.values()):
            # A sweep takes the rows first and the bytes then.
            assert time.monotonic() < until, "files came after the last fault that belong to nobody"
            time.sleep(0.25)
            strays = self._strays(results)
        return len(strays)

    def _strays(self, results: Sequence[str]) -> Mapping[str, datetime]:
        """Return what belongs to nobody in the store, and when it came; the assets are the results of the jobs."""
        with self._engine.begin() as connection:
            kept = connection.execute(select(files.c.id, files.c.kind, files.c.storage_name)).all()
        assert sorted(row.id for row in kept if row.kind == "asset") == results
        # Inputs of jobs that ended are swept meanwhile; assets stay.
        named = {row.storage_name for row in kept if row.kind == "asset"}
        inputs = {row.storage_name for row in kept if row.kind == "upload"}
        stored = {entry["path"]: entry["last_modified"] for page in obstore.list(self._store) for entry in page}
        assert named <= stored.keys(), "an asset has no bytes"
        return {name: at for name, at in stored.items() if name not in named | inputs}

    def nodes_of(self, ids: Sequence[str]) -> int:
        """Return how many nodes ran some jobs."""
        ((count,),) = self.rows(func.count(func.distinct(jobs.c.node)), where=jobs.c.id.in_(ids))
        return int(count)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


class Load:
    """Clients that have `pages` done until they are told to stop, and note which jobs were accepted.

    Args:
        servers: whom they ask in turn; one that is down is asked again later.
        ledger: tells how many jobs have not ended.
        most: jobs that have not ended at any time, about.
        parameters: of `pages`.
    """

    def __init__(self, servers: Sequence[LiveServer], ledger: Ledger, most: int = 30, **parameters: object) -> None:
        self.accepted: list[str] = []
        self.refused = 0
        self.wrong: str | None = None
        self._servers = servers
        self._ledger = ledger
        self._most = most
        self._order = order(**parameters)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stopping.set()
        self._thread.join()
        assert self.wrong is None, self.wrong

    def _send(self) -> None:
        turn = 0
        with httpx.Client(timeout=15, limits=httpx.Limits(max_keepalive_connections=0)) as client:
            while not self._stopping.is_set():
                turn += 1
                server = self._servers[turn % len(self._servers)]
                if turn % 5 == 0 and quietly(self._ledger.unended, 0) > self._most:
                    self._stopping.wait(0.2)
                    continue
                try:
                    answer = client.post(
                        f"{server.address}/v1/pages",
                        json=self._order,
                        headers={"Prefer": "respond-async", "Authorization": f"Bearer {server.key}"},
                    )
                except httpx.TransportError:
                    self._stopping.wait(0.05)
                    continue
                if answer.status_code == 202:
                    self.accepted.append(answer.json()["jobId"])
                elif answer.status_code == 503:
                    self.refused += 1
                    self._stopping.wait(0.2)
                else:
                    self.wrong = answer.text
                    return
                self._stopping.wait(0.02)


def quietly(count: Callable[[], int], otherwise: int) -> int:
    """Return a count; another number while the database is away."""
    try:
        return count()
    except (OperationalError, psycopg.OperationalError):
        return otherwise


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)

"""Jobs: how soon they are accepted, begun and done, how many a second, and what waiting costs.

    python tests/bench/jobs.py [--postgres] [--jobs 500] [--queued 10000] [--rounds 3]

Starts servers of its own on 127.0.0.1 and ends them. Without an option the database is SQLite; with --postgres
it is a PostgreSQL server that is started for it. The work is a PNG of 16x16 resized to 8x8.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import pyvips
from obstore.store import MemoryStore
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from filemill_server.tables import jobs
from ledger import Ledger
from live import LiveServer, children, resident_bytes
from nodes import WorkerNode
from real_parts import PostgresServer

CLIENTS = 8
BIG_SIDE = 1500
_PNG: bytes = pyvips.Image.black(16, 16, bands=3).copy(interpretation="srgb").pngsave_buffer()


def body(picture: bytes = _PNG, side: int = 8) -> Mapping[str, object]:
    """Return a request that resizes a picture."""
    return {"source": {"base64": base64.b64encode(picture).decode()}, "width": side, "format": "png"}


def big_body() -> Mapping[str, object]:
    """Return a request that keeps a core busy for a few tenths of a second."""
    noise = pyvips.Image.gaussnoise(BIG_SIDE, BIG_SIDE, mean=128, sigma=40).cast("uchar")
    picture: bytes = noise.bandjoin([noise, noise]).copy(interpretation="srgb").jpegsave_buffer(Q=80)
    return body(picture, BIG_SIDE - 100)


def milliseconds(values: Sequence[float]) -> str:
    """Return the median and the 99th percentile of seconds."""
    return f"{median(values) * 1000:.1f} ms, p99 {quantiles(values, n=100)[98] * 1000:.1f} ms"


def row(name: str, bar: str, result: str) -> None:
    """Print a row of the table."""
    print(f"{name:44} {bar:10} {result}", flush=True)


class Bench:
    """One installation: its server, its database and the nodes that can be added."""

    def __init__(self, stack: ExitStack, folder: Path, postgres: PostgresServer | None) -> None:
        self._stack = stack
        self._folder = folder
        self._postgres = postgres

    def serve(self, name: str, *options: str, **settings: str) -> tuple[LiveServer, Ledger]:
        """Start a server with a database of its own."""
        environment = {f"FILEMILL_{key.upper()}": value for key, value in settings.items()}
        data = self._folder / name / "data"
        data.parent.mkdir()
        if self._postgres is not None:
            environment["FILEMILL_DATABASE_URL"] = self._postgres.new_database()
        server = LiveServer(data, environment, words=("serve", *options))
        self._stack.callback(server.stop)
        server.start()
        url = environment.get("FILEMILL_DATABASE_URL", f"sqlite:///{data / 'filemill.db'}")
        ledger = Ledger(url, MemoryStore(), (data / "secret").read_bytes())
        self._stack.callback(ledger.close)
        return server, ledger


async def send(
    server: LiveServer, order: Mapping[str, object], count: int, prefer: str = "respond-async"
) -> Sequence[float]:
    """Send many requests by some clients at once; return how long each answer took."""
    took: list[float] = []
    left = iter(range(count))
    headers = {"Authorization": f"Bearer {server.key}", "Prefer": prefer}
    async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=120) as client:

        async def work() -> None:
            for _ in left:
                started = time.monotonic()
                answer = await client.post("/v1/resize", json=order)
                assert answer.is_success, answer.text
                took.append(time.monotonic() - started)

        await asyncio.gather(*(work() for _ in range(CLIENTS)))
    return took


def one_by_one(server: LiveServer, ledger: Ledger, rounds: int) -> None:
    """Answer, start and end of a single job on an idle node, against the same request without a job."""
    sent: list[float] = []
    plain: list[float] = []
    with server.client() as client:
        for _ in range(20 * rounds):
            started = time.monotonic()
            assert client.post("/v1/resize", json=body()).status_code == 200
            plain.append(time.monotonic() - started)
            started = time.monotonic()
            answer = client.post("/v1/resize", json=body(), headers={"Prefer": "respond-async"})
            sent.append(time.monotonic() - started)
            assert answer.status_code == 202
            ledger.wait(30, every=0.01)
    times = ledger.rows(jobs.c.created_at, jobs.c.started_at, jobs.c.finished_at)
    starts = [(began - made) / 1e6 for made, began, _ in times]
    ends = [(end - made) / 1e6 for made, _, end in times]
    row("202, one client", "<= 5 ms", milliseconds(sent))
    row("the same request without a job", "", milliseconds(plain))
    row("start on an idle node", "<= 50 ms", milliseconds(starts))
    whole = [answer + end for answer, end in zip(sorted(sent), sorted(ends), strict=True)]
    row("over the request without a job (medians)", "<= 60 ms", f"{(median(whole) - median(plain)) * 1000:.1f} ms")


def many(server: LiveServer, ledger: Ledger, count: int, bar: str) -> None:
    """Jobs a second, from the first request to the last end."""
    assert server.process is not None
    before = len(ledger.rows(jobs.c.id))
    cpu = cpu_seconds(server.process.pid), cpu_seconds(server.process.pid, workers=False)
    started = time.monotonic()
    took = asyncio.run(send(server, body(), count))
    accepted = time.monotonic() - started
    ledger.wait(600)
    whole = time.monotonic() - started
    assert len(ledger.rows(jobs.c.id)) == before + count
    row(f"202, {CLIENTS} clients", "", f"{milliseconds(took)}; {count / accepted:.0f} a second")
    both = cpu_seconds(server.process.pid) - cpu[0]
    own = cpu_seconds(server.process.pid, workers=False) - cpu[1]
    row(f"{count} jobs, end to end", bar, f"{count / whole:.0f} a second")
    row("CPU of such a job", "", f"{both / count * 1000:.1f} ms, {own / count * 1000:.1f} of them the server's")
    before_plain, started = cpu_seconds(server.process.pid), time.monotonic()
    asyncio.run(send(server, body(), count, "handling=strict"))
    rate = count / (time.monotonic() - started)
    spent = (cpu_seconds(server.process.pid) - before_plain) / count
    row("the same without jobs", "", f"{rate:.0f} a second, {spent * 1000:.1f} ms of CPU each")


def drained(waiting: LiveServer, ledger: Ledger, count: int, bar: str, worker: WorkerNode) -> None:
    """Jobs a second of a node that finds them all waiting."""
    asyncio.run(send(waiting, body(), count))
    worker.start()
    assert worker.process is not None
    before = cpu_seconds(worker.process.pid), cpu_seconds(worker.process.pid, workers=False)
    already = len(ledger.rows(jobs.c.id, where=jobs.c.finished_at.is_not(None)))
    ledger.wait(600)
    both = cpu_seconds(worker.process.pid) - before[0]
    own = cpu_seconds(worker.process.pid, workers=False) - before[1]
    worker.stop()
    first, last = ledger.span()
    row(f"{count} jobs that wait, drained", bar, f"{count / ((last - first) / 1e6):.0f} a second")
    done = count - already
    row("CPU of such a job", "", f"{both / done * 1000:.1f} ms, {own / done * 1000:.1f} of them the node's own process")


@contextmanager
def worker_of(server: LiveServer, folder: Path, **settings: str) -> Iterator[WorkerNode]:
    """Make a worker node over a server's database and store."""
    own = {f"FILEMILL_{key.upper()}": value for key, value in settings.items()}
    environment = {key: value for key, value in server.environment.items() if key.startswith("FILEMILL_")}
    environment["FILEMILL_STORAGE_URL"] = f"file://{server.data / 'files'}"
    environment["FILEMILL_SECRET"] = (server.data / "secret").read_text()
    if "FILEMILL_DATABASE_URL" not in environment:
        environment["FILEMILL_DATABASE_URL"] = f"sqlite:///{server.data / 'filemill.db'}"
    del environment["FILEMILL_DATA_DIR"], environment["FILEMILL_PORT"]
    worker = WorkerNode(folder, environment | own)
    try:
        yield worker
    finally:
        worker.stop()


def idle(server: LiveServer, seconds: float) -> None:
    """CPU time of a server, with its workers, that has nothing to do."""
    assert server.process is not None
    time.sleep(3)
    before = cpu_seconds(server.process.pid)
    time.sleep(seconds)
    share = (cpu_seconds(server.process.pid) - before) / seconds
    row(f"CPU of an idle node over {seconds:.0f} s", "<= 3 %", f"{share:.1%}")


def cpu_seconds(pid: int, *, workers: bool = True) -> float:
    """Return the CPU time of a process so far, user and system, with that of its worker processes."""
    if workers:
        return sum(cpu_seconds(each, workers=False) for each in (pid, *children(pid)))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def queued(server: LiveServer, count: int) -> None:
    """Memory, pages and single jobs of a server with many jobs that wait."""
    assert server.process is not None
    asyncio.run(send(server, body(), 200))
    before = resident_bytes(server.process.pid)
    asyncio.run(send(server, body(), count - 200))
    after = resident_bytes(server.process.pid)
    pages: list[float] = []
    polls: list[float] = []
    with server.client() as client:
        for _ in range(200):
            started = time.monotonic()
            page = client.get("/v1/jobs?limit=100").json()["jobs"]
            pages.append(time.monotonic() - started)
            started = time.monotonic()
            assert client.get(f"/v1/jobs/{page[50]['jobId']}").status_code == 200
            polls.append(time.monotonic() - started)
    row(f"memory with {count} jobs against 200", "flat", f"{before / 1e6:.0f} MB, {after / 1e6:.0f} MB")
    row(f"page of 100 of {count} jobs that wait", "<= 50 ms", milliseconds(pages))
    row("one of them polled", "<= 50 ms", milliseconds(polls))


def two_nodes(server: LiveServer, ledger: Ledger, folder: Path, rounds: int) -> None:
    """Jobs a second of two nodes, each on a core of its own, against one."""
    order = big_body()
    cores = sorted(os.sched_getaffinity(0))[:2]
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(rounds):
        for nodes in (1, 2):
            count = 30 * nodes
            asyncio.run(send(server, order, count))
            with ExitStack() as stack:
                for core in cores[:nodes]:
                    place = folder / f"{turn}-{nodes}-{core}"
                    stack.enter_context(worker_of(server, place, workers="1")).start("taskset", "-c", str(core))
                ledger.wait(600)
            rates[nodes].append(rate_of(ledger, count))
    one, two = median(rates[1]), median(rates[2])
    row("two nodes against one, a core each", ">= 1.8", f"{two / one:.2f} ({one:.1f} and {two:.1f} a second)")


def rate_of(ledger: Ledger, count: int) -> float:
    """Return the last jobs a second, from the moment that each node had begun one: nodes start one after another."""
    newest = select(jobs).order_by(jobs.c.created_at.desc()).limit(count).subquery()
    rows = ledger.rows(newest.c.node, newest.c.started_at, newest.c.finished_at)
    begun = max(min(row.started_at for row in rows if row.node == node) for node in {row.node for row in rows})
    ends = [row.finished_at for row in rows if row.finished_at > begun]
    return len(ends) / ((max(ends) - begun) / 1e6)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL in place of SQLite")
    parser.add_argument("--jobs", type=int, default=500, help="of a measurement of jobs a second")
    parser.add_argument("--queued", type=int, default=10_000, help="jobs that wait")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=30, help="seconds")
    parser.add_argument("--only", nargs="*", choices=["single", "many", "idle", "drained", "queued", "nodes"])
    given = parser.parse_args()
    only = given.only or ["single", "many", "idle", "drained", "queued", "nodes"]
    bar = ">= 300/s" if given.postgres else ">= 100/s"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="filemill-jobs-")))
        postgres = stack.enter_context(PostgresServer()) if given.postgres else None
        bench = Bench(stack, folder, postgres)
        if {"single", "many", "idle"} & set(only):
            server, ledger = bench.serve("serving", workers="2")
            if "single" in only:
                one_by_one(server, ledger, given.rounds)
            for _ in range(given.rounds if "many" in only else 0):
                many(server, ledger, given.jobs, bar)
            if "idle" in only:
                idle(server, given.idle)
            server.stop()
        if "drained" in only:
            server, ledger = bench.serve("waiting", "--no-jobs", workers="2")
            with worker_of(server, folder / "drains") as worker:
                drained(server, ledger, given.jobs, bar, worker)
            server.stop()
        if "queued" in only:
            server, _ = bench.serve("full", "--no-jobs", workers="1")
            queued(server, given.queued)
            server.stop()
        if "nodes" in only and given.postgres:
            server, ledger = bench.serve("pair", "--no-jobs", workers="1")
            two_nodes(server, ledger, folder, given.rounds)


if __name__ == "__main__":
    main()

"""A server with far more to do than it can: who is served, who is refused and how soon, and what health says.

    python tests/bench/overload.py [--seconds 60] [--connections 2000] [--slow 64] [--beyond 500]

Starts a server of its own on 127.0.0.1 and ends it. The unloaded maximum is measured in the same run, before and
after, with as many clients as keep all workers busy. Clients and server share the processors of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyvips
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from crowd import Crowd, Seen, rank, request
from live import LiveServer, children, resident_bytes

DEADLINE = 30.0
MEBIBYTE = 1 << 20


def picture(width: int, height: int, detail: int, quality: int) -> bytes:
    """Make a JPEG whose details are so many pixels large."""
    noise = pyvips.Image.gaussnoise(width // detail, height // detail, mean=128, sigma=50).resize(detail)
    image = noise.bandjoin([noise.rot180(), noise.fliphor()]).cast("uchar").copy(interpretation="srgb")
    data: bytes = image.jpegsave_buffer(Q=quality)
    return data


class Memory(threading.Thread):
    """Looks every half second at what the web process holds, and at the sum with its workers."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.web = self.all = self.descriptors = 0

    def run(self) -> None:
        """Look."""
        while not self._ended.wait(0.5):
            try:
                web = resident_bytes(self._pid)
                self.web = max(self.web, web)
                self.all = max(self.all, web + sum(map(resident_bytes, children(self._pid))))
                self.descriptors = max(self.descriptors, open_files(self._pid))
            except OSError:
                continue  # a worker that was just replaced

    def end(self) -> None:
        """Stop to look."""
        self._ended.set()
        self.join()


def open_files(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def unloaded(server: LiveServer, work: bytes, seconds: float, clients: int) -> float:
    """Return how many pieces of work a second are done for so many clients."""
    seen = Seen()
    started = time.monotonic()
    crowd = Crowd(server.port)
    crowd.last(seconds)
    await crowd.keep_busy(work, seen, clients)
    assert set(seen.statuses) == {200}, seen.statuses
    return seen.statuses[200] / (time.monotonic() - started)


class Overloaded:
    """What is seen while the crowd is there."""

    def __init__(self) -> None:
        self.work, self.live, self.ready = Seen(), Seen(), Seen()

    async def run(self, server: LiveServer, work: bytes, large: str, options: argparse.Namespace, rate: float) -> None:
        """Have the crowd come, and wait until it has gone."""
        crowd = self.crowd = Crowd(server.port)
        head = request("POST", "/v1/resize?width=9", server.key, bytes(1 << 20))[: -1 << 20]
        idle = asyncio.gather(
            crowd.hold(options.connections),
            crowd.drip(head, options.slow, 1.0),
            crowd.sip(request("GET", large, server.key), options.slow, 1.0),
        )
        assert server.process is not None
        while open_files(server.process.pid) < options.connections + 2 * options.slow:
            await asyncio.sleep(0.05)  # until the server has taken them all
        await asyncio.sleep(1)
        self.started = time.monotonic()
        crowd.last(options.seconds)
        await asyncio.gather(
            idle,
            crowd.post(work, self.work, rate + options.beyond),
            crowd.ask(request("GET", "/health/live", server.key), self.live, 0.1),
            crowd.ask(request("GET", "/health/ready", server.key), self.ready, 1.0),
        )
        self.took = time.monotonic() - self.started


class Table:
    """Rows of a name, its bar, what was measured, and whether that holds."""

    missed = False

    def row(self, name: str, bar: str, measured: str, holds: bool | None = None) -> None:
        """Print one."""
        self.missed |= holds is False
        verdict = {None: "", True: "pass", False: "MISS"}[holds]
        print(f"{name:52} {bar:16} {measured:44} {verdict}", flush=True)


def show(seen: Overloaded, base: float, memory: Memory, before: int, options: argparse.Namespace, table: Table) -> None:
    """Print what was measured."""
    done, refused = seen.work.took(200), seen.work.took(429, 503)
    other = {status: count for status, count in seen.work.statuses.items() if status not in (200, 429, 503)}
    rate = len(done) / seen.took
    table.row("unloaded maximum, a second", "", f"{base:.1f}")
    table.row("work done under load, a second", ">= 90 %", f"{rate:.1f}, {100 * rate / base:.0f} %", rate >= 0.9 * base)
    spread = f"median {rank(done, 0.5):.2f} s, longest {rank(done, 1):.2f} s"
    table.row("accepted work ends", f"<= {DEADLINE:.0f} s", spread, rank(done, 1) <= DEADLINE)
    middle, most, last = (rank(refused, part) * 1e3 for part in (0.5, 0.99, 1))
    spread = f"median {middle:.1f}, p99 {most:.0f}, longest {last:.0f} ms"
    table.row(f"refused: {len(refused)}, 503 or 429", "p99 <= 100 ms", spread, rank(refused, 0.99) <= 0.1)
    late = sum(took > 0.1 for took in refused)
    table.row("refused later than 100 ms", "0", f"{late} ({100 * late / max(1, len(refused)):.2f} %)", late == 0)
    table.row("refused without Retry-After", "0", str(seen.work.without_retry), seen.work.without_retry == 0)
    table.row("other answers, and none", "0", f"{other or 0}, {seen.work.lost}", not other and not seen.work.lost)
    for name, asked in (("live", seen.live), ("ready", seen.ready)):
        took = sorted(value for values in asked.seconds.values() for value in values)
        wrong = sum(asked.statuses.values()) - asked.statuses[200] + asked.lost
        middle, last = rank(took, 0.5) * 1e3, rank(took, 1) * 1e3
        spread = f"median {middle:.1f}, longest {last:.0f} ms; {wrong} of {len(took)} not 200"
        table.row(f"/health/{name}", "< 250 ms", spread, rank(took, 1) < 0.25 and not wrong)
    grown = (memory.web - before) / MEBIBYTE
    table.row("web process grows by", "<= 256 MiB", f"{grown:.0f} MiB to {memory.web / MEBIBYTE:.0f}", grown <= 256)
    table.row("all processes at most", "", f"{memory.all / MEBIBYTE:.0f} MiB, {memory.descriptors} descriptors")
    cut = seen.crowd.cut
    ended = f"{seen.crowd.reopened}; {cut['senders']}; {cut['readers']}"
    table.row("ended: silent connections; slow senders; readers", "", ended)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--slow", type=int, default=64)
    parser.add_argument("--beyond", type=float, default=500)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder) / "data", {"FILEMILL_WORKERS": str(options.workers)})
        server.start()
        try:
            return measure(server, options)
        finally:
            server.stop()


def measure(server: LiveServer, options: argparse.Namespace) -> int:
    """Run all phases on a server; return the exit code."""
    assert server.process is not None
    pid = server.process.pid
    work = request("POST", "/v1/resize?width=1200", server.key, picture(1600, 1200, 16, 75), "Accept: image/*")
    with server.client() as client:
        kept = client.post("/v1/flip", content=picture(3000, 2000, 2, 95)).json()
    large = f"/v1/assets/{kept['assetId']}"
    clients = options.workers * 3
    quiet = max(3.0, options.seconds / 4)
    uvloop.run(unloaded(server, work, 2, clients))  # all workers have begun
    rates = [uvloop.run(unloaded(server, work, quiet, clients))]
    before, cpu, own = resident_bytes(pid), cpu_seconds(pid), time.process_time()
    memory = Memory(pid)
    memory.start()
    seen = Overloaded()
    gc.collect()
    gc.disable()  # a pause of the clients would be taken for one of the server
    uvloop.run(seen.run(server, work, large, options, rates[0]))
    memory.end()
    cpu, own = (cpu_seconds(pid) - cpu) / seen.took, (time.process_time() - own) / seen.took
    rates.append(uvloop.run(unloaded(server, work, quiet, clients)))
    table = Table()
    show(seen, sum(rates) / 2, memory, before, options, table)
    table.row("CPU of the web process; of the clients, under load", "", f"{cpu:.2f}; {own:.2f} of a processor")
    table.row("unloaded before; after", "", f"{rates[0]:.1f}; {rates[1]:.1f} a second")
    table.row("body of work; file of slow readers", "", f"{len(work) >> 10} KiB; {kept['sizeBytes'] >> 20} MiB")
    return int(table.missed)


if __name__ == "__main__":
    sys.exit(main())

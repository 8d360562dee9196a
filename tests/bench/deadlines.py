"""Deadlines that hold: the slowest work of every operation and format, one after the other on one server.

    python tests/bench/deadlines.py [--deadline 0.5] [--requests 200] [--only WORD] [--verbose]

Starts a server of its own on 127.0.0.1 with one worker and ends it. Each request, the processes it started and its
files have to be gone a second after the deadline, and after all of them the server has to be as it was. It prints
what took longest and fails where that is not so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from footprint import Footprint, footprint, idle_workers
from slow_files import SlowFiles
from slow_inputs import EVERY, Slow
from slow_requests import Ended, SlowRequests, slow_server

MEGABYTE = 1_000_000
SLACK = 1.0
"""What is promised: gone so many seconds after the deadline."""
WARM_UP = 8
AT_ONCE = 32
GROWTH = 40 * MEGABYTE
"""By which the web process may have grown: its allocator keeps what it once had."""
MORE_THREADS = 16
"""The pools of the event loop make a thread when all others are at work, up to their size, and keep it."""

Results = list[tuple[str, Slow, Ended]]


def run(table: Mapping[str, Slow], asked: argparse.Namespace) -> tuple[Results, Footprint, Footprint]:
    """Send all requests; return what came of them, and the server before and after."""
    results: Results = []
    with tempfile.TemporaryDirectory() as folder:
        server = slow_server(Path(folder), asked.deadline)
        server.start()
        (made := Path(folder) / "files").mkdir()
        requests = SlowRequests(server, SlowFiles(made))
        try:
            for case in islice(cycle(table.values()), WARM_UP):
                requests.send(case)
            with server.client() as client, ThreadPoolExecutor(AT_ONCE) as threads:
                list(threads.map(client.get, ["/v1/assets"] * 10 * AT_ONCE))  # each thread of the database is there
            idle_workers(server)
            before = footprint(server)
            for name, case in islice(cycle(table.items()), asked.requests):
                ended = requests.send(case)
                results.append((name, case, ended))
                if asked.verbose:
                    times = f"{ended.answered:6.2f} {ended.gone:6.2f}"
                    print(f"{name:32} {ended.said:20} {times} {ended.detail[:150]}", flush=True)
            idle_workers(server)
            time.sleep(1)  # until the sockets of the last clients are closed
            return results, before, footprint(server)
        finally:
            server.stop()


def main() -> None:
    """Measure, print, and fail where the promise is broken."""
    options = argparse.ArgumentParser()
    options.add_argument("--deadline", type=float, default=0.5)
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--only", default="")
    options.add_argument("--verbose", action="store_true")
    asked = options.parse_args()
    table = {name: case for name, case in EVERY.items() if asked.only in name}
    results, before, after = run(table, asked)
    late = max(results, key=lambda one: one[2].answered)
    later = max(results, key=lambda one: one[2].gone)
    print(f"{len(results)} requests, deadline {asked.deadline:g} s: {dict(Counter(one.said for *_, one in results))}")
    print(f"latest answer: {late[2].answered - asked.deadline:+.2f} s past the deadline ({late[0]})")
    print(f"latest end of processes and files: {later[2].gone - asked.deadline:+.2f} s ({later[0]})")
    print(f"before: {before}\nafter:  {after}")
    broken = [f"{name}: gone after {one.gone:.2f} s" for name, _, one in results if one.gone > asked.deadline + SLACK]
    broken += [
        f"{name} is not slow: {one.said} after {one.answered:.2f} s. {one.detail}"
        for name, case, one in results
        if not case.bounded and one.said != "DEADLINE_EXCEEDED"
    ]
    broken += [
        f"{name}: {getattr(before, name)} before, {getattr(after, name)} after"
        for name in ("processes", "files")
        if getattr(before, name) != getattr(after, name)
    ]
    if after.descriptors > before.descriptors:
        broken.append(f"descriptors: {before.descriptors} before, {after.descriptors} after")
    if after.threads > before.threads + MORE_THREADS:
        broken.append(f"threads: {before.threads} before, {after.threads} after")
    if after.memory > before.memory + GROWTH:
        broken.append(f"memory: {(after.memory - before.memory) / MEGABYTE:.0f} MB more")
    sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()

"""Memory of a whole server while everything hostile is sent to it.

    python tests/bench/hostile_memory.py [--deadline 5] [--clients 4]

Starts a server of its own on 127.0.0.1, with its defaults but for the deadline, and ends it. Memory is that of the web
process, its workers and the programs they start, sampled ten times a second; pages that processes share count once.
Fails above the ceiling, where an answer is not a typed one, and where a process or file is left.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from filemill.limits import Limits
from filemill_server.settings import Settings
from footprint import files, idle_workers, tree, watched_memory
from hostile_corpus import SERVER_BYTES, ceiling, hostile_files
from live import LiveServer

MEGABYTE = 1_000_000
TYPED = {
    "done", "INVALID_FILE", "UNSUPPORTED_MEDIA", "INVALID_PARAMETER", "DEADLINE_EXCEEDED", "TARGET_UNREACHABLE",
}  # fmt: skip


def main() -> None:
    """Send everything, print the peaks, and fail where the promise is broken."""
    options = argparse.ArgumentParser()
    options.add_argument("--deadline", type=float, default=5.0)
    options.add_argument("--clients", type=int, default=4)
    asked = options.parse_args()
    said: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "tmp").mkdir()
        (folder / "made").mkdir()
        settings = {"FILEMILL_DEADLINE_SECONDS": f"{asked.deadline:g}", "TMPDIR": str(folder / "tmp")}
        server = LiveServer(folder / "data", settings)
        server.start()
        work = [(path, one) for one in hostile_files(folder / "made") for path in one.paths]
        try:
            workers = len(idle_workers(server))
            assert server.process is not None
            before = len(tree(server.process.pid))
            with (
                watched_memory(server) as peak,
                server.client() as client,
                ThreadPoolExecutor(asked.clients) as threads,
            ):

                def send(number: int) -> str:
                    path, one = work[number]
                    answer = client.post(f"/v1/{path}", content=one.content, timeout=600)
                    return "done" if answer.is_success else str(answer.json()["code"])

                codes = list(threads.map(send, range(len(work))))
            said.update(codes)
            idle_workers(server)
            after, left = len(tree(server.process.pid)), files(server)
        finally:
            server.stop()
    most = ceiling(workers, Limits().memory_bytes)
    assert Settings().memory_bytes == Limits().memory_bytes
    print(f"{len(work)} requests, {workers} workers, {asked.clients} clients: {dict(said)}")
    print(f"peak of all {peak.whole / MEGABYTE:.0f} MB (ceiling {most / MEGABYTE:.0f} MB)")
    print(f"of the web process {peak.server / MEGABYTE:.0f} MB, of one other {peak.process / MEGABYTE:.0f} MB")
    broken = [
        f"{path} of {one.name}: {code}" for (path, one), code in zip(work, codes, strict=True) if code not in TYPED
    ]
    if peak.whole > most or peak.server > SERVER_BYTES:
        broken.append("more memory than the ceiling")
    if after != before or left:
        broken.append(f"{before} processes before, {after} after; left: {left}")
    sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()

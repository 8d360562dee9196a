"""Memory of a whole server under load: flat over thousands of requests, and its peak on 4K pictures.

    python tests/bench/server_memory.py [--requests 5000] [--clients 16]

Starts a server of its own on 127.0.0.1 and ends it. Memory is the proportional set size (PSS) of the web
process and its workers together, MB of 10^6 bytes: pages that processes share count once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pyvips

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live import LiveServer, children

MEGABYTE = 1_000_000


def picture(width: int, height: int) -> bytes:
    """Make a JPEG with the detail of a photograph."""
    noise = pyvips.Image.gaussnoise(width // 4, height // 4, mean=128, sigma=60).resize(4)
    image = noise.bandjoin([noise.rot180(), noise.fliphor()]).cast("uchar").copy(interpretation="srgb")
    data: bytes = image.jpegsave_buffer(Q=90)
    return data


def held(server: LiveServer) -> float:
    """Return the memory of the web process and its workers, MB."""
    assert server.process is not None
    total = 0
    for pid in (server.process.pid, *children(server.process.pid)):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # a worker that was just replaced
            continue
        total += next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / MEGABYTE


def load(server: LiveServer, body: bytes, *, requests: int, clients: int, width: int) -> None:
    """Send requests from a number of clients; every answer must be a picture."""
    with server.client() as client, ThreadPoolExecutor(clients) as pool:

        def one(_: int) -> None:
            while True:
                response = client.post(
                    "/v1/resize", params={"width": width}, content=body, headers={"Accept": "image/*"}
                )
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                time.sleep(0.05)
            assert response.status_code == httpx.codes.OK, response.text

        for _ in pool.map(one, range(requests)):
            pass


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--requests", type=int, default=5000)
    options.add_argument("--clients", type=int, default=16)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder) / "data", {"FILEMILL_LOG_LEVEL": "warning"})
        started = time.monotonic()
        server.key = server.new_key("bench")
        started = time.monotonic()
        server.start()
        print(f"start to ready: {time.monotonic() - started:.2f} s, then {held(server):.0f} MB")
        try:
            small = picture(800, 600)
            load(server, small, requests=arguments.requests // 10, clients=4, width=200)
            early = held(server)
            load(server, small, requests=arguments.requests - arguments.requests // 10, clients=4, width=200)
            late = held(server)
            print(
                f"after {arguments.requests // 10} requests {early:.0f} MB, after {arguments.requests} {late:.0f} MB:"
                f" {100 * (late / early - 1):+.1f} %"
            )
            peak = [0.0]
            done = threading.Event()

            def watch() -> None:
                while not done.wait(0.05):
                    peak[0] = max(peak[0], held(server))

            watcher = threading.Thread(target=watch)
            watcher.start()
            load(server, picture(3840, 2160), requests=20 * arguments.clients, clients=arguments.clients, width=1920)
            done.set()
            watcher.join()
            print(f"{arguments.clients} clients with pictures of 3840x2160: peak {peak[0]:.0f} MB")
        finally:
            server.stop()


if __name__ == "__main__":
    main()

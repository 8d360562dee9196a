"""A large upload by tus, interrupted again and again: does it arrive, how long does it take, what does the server hold?

    python tests/bench/tus_upload.py [--bytes 2147483648] [--interruptions 10]

Starts a server of its own on 127.0.0.1 with its files in a local folder, and ends it. Each interruption breaks the
connection at a random place; in the middle the server is killed (-9) and started again. Memory is the largest
resident set of the web process (`VmHWM`), of either of the two, MB of 10^6 bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live import LiveServer
from tus_wire import OFFSET_STREAM, VERSION, Sending, Tus

MEGABYTE = 1_000_000
CHUNK = 1 << 20
_LINE = bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz \n", k=CHUNK - 8))


def chunk(number: int) -> bytes:
    """Return one MiB of the file, which is a text and nowhere the same."""
    return b"%08d" % number + _LINE


def part(start: int, end: int) -> Iterator[bytes]:
    """Give the bytes of the file between two offsets."""
    for number in range(start // CHUNK, -(-end // CHUNK)):
        begin = number * CHUNK
        yield chunk(number)[max(start - begin, 0) : end - begin]


def peak(server: LiveServer) -> float:
    """Return the most memory that the web process ever held, MB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")) / MEGABYTE


def interrupt(server: LiveServer, place: str, start: int, end: int, size: int) -> Sending:
    """Promise the whole rest, and send a part of it."""
    sending = Sending(server, place, start, size - start)
    for data in part(start, end):
        sending.send(data)
    return sending


def measure(server: LiveServer, size: int, interruptions: int) -> bool:
    """Upload once and print the figures; tell whether the bars are met."""
    cuts = sorted(random.Random(2).sample(range(size), interruptions))
    sent, highest, resumed = 0, 0.0, []
    begun = time.perf_counter()
    with server.client() as client:
        tus = Tus(client)
        place = tus.place(size)
        for number, cut in enumerate(cuts):
            offset = tus.offset(place)
            sending = interrupt(server, place, offset, max(cut, offset), size)
            sent += max(cut - offset, 0)
            highest = max(highest, peak(server))
            if number == interruptions // 2:
                server.kill()
                sending.cut()
                server.start()
            else:
                sending.cut()
            asked = time.perf_counter()
            tus.offset(place)
            resumed.append(time.perf_counter() - asked)
        offset = tus.offset(place)
        sent += size - offset
        headers = {**VERSION, "Upload-Offset": str(offset), "Content-Type": OFFSET_STREAM}
        last = time.perf_counter()
        response = client.patch(place, headers=headers, content=part(offset, size), timeout=600)
        assert response.status_code == httpx.codes.NO_CONTENT, response.text
        ended = time.perf_counter()
        highest = max(highest, peak(server))
        expected = hashlib.sha256()
        for data in part(0, size):
            expected.update(data)
        right = tus.upload(place)["sha256"] == expected.hexdigest()
    print(f"bytes                        {size:>14,}")
    print(f"interruptions                {interruptions:>14} and one kill -9 among them")
    print(f"hash                         {'right' if right else 'WRONG':>14}")
    print(f"sent more than once          {(sent - size) / MEGABYTE:>14.1f} MB")
    print(f"time                         {ended - begun:>14.1f} s, {size / MEGABYTE / (ended - begun):.0f} MB/s")
    print(f"last request                 {ended - last:>14.1f} s, for {(size - offset) / MEGABYTE:.0f} MB and the end")
    print(f"offset after a cut, longest  {max(resumed):>14.2f} s")
    print(f"peak of the web process      {highest:>14.1f} MB (bar: below 150)")
    return right and highest < 150


def main() -> int:
    """Start a server, upload, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=2 << 30)
    parser.add_argument("--interruptions", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="filemill-bench-") as folder:
        server = LiveServer(
            Path(folder) / "data", {"FILEMILL_WORKERS": "1", "FILEMILL_MAX_UPLOAD_BYTES": str(given.bytes)}
        )
        # The default plan takes files of 1 GiB.
        server.key = server.command("keys", "create", "--name", "bench", "--plan", "filewhirl").stdout.strip()
        server.start()
        try:
            return 0 if measure(server, given.bytes, given.interruptions) else 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())

"""Dialects: a cached Filestack transform against a static file, and what a dialect costs over the native API.

    python tests/bench/filestack.py [--rounds 5] [--seconds 2] [--clients 8] [--side 400]

Starts a server of its own on 127.0.0.1, with one process and two workers, and ends it. What is compared is asked for
in turn, round after round, by this process; the median of the rounds' ratios counts. It takes a core for itself: on a
machine of two the server has the other one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import httpx
import pyvips

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from filestack_client import Filestack
from live import LiveServer, children

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_BOUNDARY = "bench"


class Client(asyncio.Protocol):
    """A connection that sends one request again and again, as soon as it has been answered."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self._received = bytearray()
        self._total = 0
        self.answered = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count an answer that is whole, and send the next."""
        self._received += data
        if not self._total:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            length = _LENGTH.search(self._received, 0, head + 2)
            if not self._received.startswith(b"HTTP/1.1 200") or length is None:
                self.ended.set_exception(RuntimeError(bytes(self._received[:500]).decode("latin-1")))
                self._transport.close()
                return
            self._total = head + 4 + int(length[1])
        if len(self._received) < self._total:
            return
        self._received.clear()
        self._total = 0
        self.answered += 1
        if time.monotonic() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if not self.ended.done():
            self.ended.set_result(None)


def request(method: str, url: str, headers: Mapping[str, str] = {}, body: bytes = b"") -> bytes:
    """Write a request as it is sent."""
    path = httpx.URL(url).raw_path.decode()
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def form(data: bytes, **fields: str) -> tuple[Mapping[str, str], bytes]:
    """Write a multipart form of one file."""
    parts = [f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    parts.append(f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n')
    body = "".join(parts).encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, body


async def answered(port: int, sent: bytes, clients: int, seconds: float) -> tuple[int, float]:
    """Return how many requests are answered, and in how many seconds."""
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    made = [
        (await loop.create_connection(lambda: Client(sent, started + seconds), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.ended for client in made))
    return sum(client.answered for client in made), time.monotonic() - started


def cpu_seconds(server: LiveServer) -> float:
    """Return the CPU time that a server and its workers have used."""
    assert server.process is not None
    spent = 0
    for pid in (server.process.pid, *children(server.process.pid)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


def in_turn(server: LiveServer, kinds: Mapping[str, bytes], options: argparse.Namespace) -> float:
    """Return how the second does beside the first, of which the rates and the CPU times are printed.

    A busy machine takes requests a second from both; the CPU time of one says more then.
    """
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    costs: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, sent in kinds.items():
            before = cpu_seconds(server)
            count, seconds = asyncio.run(answered(server.port, sent, options.clients, options.seconds))
            rates[name].append(count / seconds)
            costs[name].append((cpu_seconds(server) - before) / count * 1000)
    for name, found in rates.items():
        cost = median(costs[name])
        shown = " ".join(f"{rate:.0f}" for rate in found)
        print(f"{name:24} {median(found):8.1f} requests a second, {cost:6.2f} ms of CPU each   ({shown})", flush=True)
    first, second = (list(zip(rates[name], costs[name], strict=True)) for name in kinds)
    pairs = list(zip(first, second, strict=True))
    print(f"  by CPU time: {median(one[1] / other[1] for one, other in pairs):.3f}")
    return median(other[0] / one[0] for one, other in pairs)


def noise(side: int) -> pyvips.Image:
    """Return a picture that does not compress well."""
    plain = pyvips.Image.gaussnoise(side, side, mean=128, sigma=40).cast("uchar")
    return plain.bandjoin([plain, plain]).copy(interpretation="srgb")


def cached(server: LiveServer, options: argparse.Namespace) -> None:
    """Compare a cached transform with a static file of the same bytes: a public asset of the native API."""
    with Filestack(server, "cached") as client:
        handle = client.store(noise(options.side).jpegsave_buffer(Q=80), "image/jpeg")["handle"]
        url = f"{client.cdn}/resize=width:{options.side // 2}/{handle}"
        made = client.http.get(url)
        assert made.status_code == 200, made.text
        static = f"{server.address}/v1/assets/{client.store(made.content, 'image/jpeg')['handle']}"
        assert client.http.get(static).content == made.content
        print(f"cached transform and static file of {len(made.content)} bytes")
        kinds = {"static file": request("GET", static), "cached transform": request("GET", url)}
        ratio = in_turn(server, kinds, options)
    print(f"cached / static: {ratio:.2f}  (bar: 1,500 requests a second or 0.60, whichever is less)")


def overhead(server: LiveServer, options: argparse.Namespace) -> None:
    """Compare a resize of Filagram with the native one of the same picture."""
    key = server.command("keys", "create", "--name", "first", "--dialect", "filagram").stdout.split()[0]
    data = noise(options.side).jpegsave_buffer(Q=80)
    headers, body = form(data, width="200", fit="contain")
    dialect = {"Authorization": f"Bearer {key}", **headers}
    headers, native_body = form(data, width="200", fit="inside")
    native = {"Authorization": f"Bearer {server.key}", "Accept": "application/json", **headers}
    kinds = {
        "native /v1/resize": request("POST", f"{server.address}/v1/resize", native, native_body),
        "Filagram /api/v1/resize": request("POST", f"{server.address}/filagram/api/v1/resize", dialect, body),
    }
    ratio = in_turn(server, kinds, options)
    print(f"dialect / native: {ratio:.3f}  (bar: 0.95)")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--side", type=int, default=400, help="of the picture, pixels")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder) / "data", {"FILEMILL_WORKERS": "2"})
        server.start()
        try:
            cached(server, given)
            overhead(server, given)
        finally:
            server.stop()


if __name__ == "__main__":
    main()

"""A crowd of HTTP clients that costs little: bare connections, requests made once, answers hardly looked at."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_END = b"\r\n\r\n"
_TAKEN_AT_ONCE = 64
"""Bytes that a slow reader takes."""
_HELD_SECONDS = 5.0
"""For so long a silent client sleeps before it looks whether the time is over, which can be set meanwhile."""


def request(method: str, path: str, key: str, body: bytes = b"", *lines: str) -> bytes:
    """Make the bytes of a request."""
    start = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n"
    length = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
    return (start + "".join(f"{line}\r\n" for line in lines) + length + "\r\n").encode() + body


@dataclass
class Seen:
    """What became of requests: how many answers of each status, how long they took, and which were wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    without_retry: int = 0
    lost: int = 0

    def note(self, status: int, took: float, head: bytes) -> None:
        """Take down one answer."""
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(took)
        if status in (429, 503) and b"\r\nretry-after: " not in head.lower():
            self.without_retry += 1

    def took(self, *statuses: int) -> list[float]:
        """Return how long the answers of some statuses took, seconds, in order."""
        return sorted(took for status in statuses for took in self.seconds.get(status, []))


class Caller(asyncio.Protocol):
    """A connection that is kept, with one request on it at a time."""

    def __init__(self, seen: Seen, free: list[Caller]) -> None:
        self._seen = seen
        self._free = free
        self._head = b""
        self._left = -1
        self._sent = 0.0
        self.busy = False
        self.done: asyncio.Event | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport
        transport.set_write_buffer_limits(1 << 20)  # type: ignore[attr-defined]

    def send(self, data: bytes) -> None:
        """Begin a request."""
        self.busy = True
        self._head, self._left = b"", -1
        self._sent = time.monotonic()
        self._transport.write(data)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take more of the answer."""
        if self._left < 0:
            self._head += data
            if (end := self._head.find(_END)) < 0:
                return
            lower = self._head[:end].lower()
            at = lower.index(b"content-length: ") + 16
            length = int(lower[at:].split(b"\r", 1)[0])
            self._left = length - (len(self._head) - end - 4)
        else:
            self._left -= len(data)
        if self._left <= 0:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a request that got no answer."""
        if self in self._free:
            self._free.remove(self)
        if self.busy:
            self._seen.lost += 1
            self.busy = False
        if self.done is not None:
            self.done.set()

    def _end(self) -> None:
        self.busy = False
        self._seen.note(int(self._head[9:12]), time.monotonic() - self._sent, self._head)
        if b"\r\nconnection: close" in self._head.lower():
            self._transport.close()
        else:
            self._free.append(self)
        if self.done is not None:
            self.done.set()


class Crowd:
    """Clients of one server, all in this process; each method runs until the crowd's time is over.

    Args:
        port: of the server, on 127.0.0.1.

    Attributes:
        reopened: connections that said nothing and were closed by the server.
        cut: how many of who dripped and sipped were cut off.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._end = float("inf")
        self.reopened = 0
        self.cut = Counter[str]()

    def last(self, seconds: float) -> None:
        """Let the time be over in so many seconds."""
        self._end = time.monotonic() + seconds

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def _left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    async def post(self, data: bytes, seen: Seen, a_second: float) -> None:
        """Send a request every so often, whatever becomes of those before; then wait for all answers."""
        free: list[Caller] = []
        all_of: list[Caller] = []
        due = time.monotonic()
        while not self.is_over():
            now = time.monotonic()
            while due <= now:
                if free:
                    free.pop().send(data)
                else:
                    caller = await self._open(seen, free)
                    all_of.append(caller)
                    caller.send(data)
                due += 1 / a_second
            await asyncio.sleep(0.005)
        until = time.monotonic() + 60
        while any(caller.busy for caller in all_of) and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def keep_busy(self, data: bytes, seen: Seen, clients: int) -> None:
        """Have some clients post one request after another."""

        async def one() -> None:
            free: list[Caller] = []
            while not self.is_over():
                caller = free.pop() if free else await self._open(seen, free)
                caller.done = asyncio.Event()
                caller.send(data)
                await caller.done.wait()

        await asyncio.gather(*(one() for _ in range(clients)))

    async def ask(self, data: bytes, seen: Seen, pause: float) -> None:
        """Ask the same again and again, on a new connection each time, as a load balancer does."""
        while not self.is_over():
            caller = await self._open(seen, [])
            caller.done = asyncio.Event()
            caller.send(data)
            await caller.done.wait()
            caller.close()
            await asyncio.sleep(pause)

    async def hold(self, count: int) -> None:
        """Hold open connections that say nothing; one that is closed is opened again."""

        async def one() -> None:
            while not self.is_over():
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                while not self.is_over() and not await _ends(reader, min(self._left(), _HELD_SECONDS)):
                    pass
                writer.close()
                self.reopened += not self.is_over()

        await asyncio.gather(*(one() for _ in range(count)))

    async def drip(self, head: bytes, count: int, pause: float) -> None:
        """Send bodies of which a byte comes now and then."""

        async def one() -> None:
            cut = False
            while not self.is_over():
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(head)
                while not self.is_over() and not (cut := await _ends(reader, pause)):
                    writer.write(b"x")
                self.cut["senders"] += cut
                writer.close()

        await asyncio.gather(*(one() for _ in range(count)))

    async def sip(self, data: bytes, count: int, pause: float) -> None:
        """Ask for much and take a few bytes of it now and then."""
        loop = asyncio.get_running_loop()

        async def one() -> None:
            while not self.is_over():
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.setblocking(False)
                await loop.sock_connect(connection, ("127.0.0.1", self._port))
                await loop.sock_sendall(connection, data)
                try:
                    while not self.is_over() and await loop.sock_recv(connection, _TAKEN_AT_ONCE):
                        await asyncio.sleep(pause)
                except ConnectionError:
                    pass
                self.cut["readers"] += not self.is_over()
                connection.close()

        await asyncio.gather(*(one() for _ in range(count)))

    async def _open(self, seen: Seen, free: list[Caller]) -> Caller:
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(lambda: Caller(seen, free), "127.0.0.1", self._port)
        return caller


async def _ends(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait a while; tell whether the server said or ended something meanwhile."""
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def rank(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of ordered values lies; 0.0 where there is none."""
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0

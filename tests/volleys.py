"""Many requests at once, to several servers: each on a connection of its own, so that none waits for another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from live import LiveServer

AT_ONCE = 400
"""Connections that are open at the same time: a process may have 1,024 files."""
SECONDS = 120.0
"""How long a request waits for its answer, on a busy machine."""


class Shot(NamedTuple):
    """One request: to whom, and its bytes."""

    server: LiveServer
    data: bytes


@dataclass(frozen=True)
class Hit:
    """An answer."""

    server: LiveServer
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded."""
        return json.loads(self.body)


def shot(server: LiveServer, method: str, path: str, body: bytes = b"", /, **headers: str) -> Shot:
    """Make a request; `_` in the name of a header stands for `-`."""
    lines = {"Host": f"127.0.0.1:{server.port}", "Connection": "close", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Shot(server, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)


def volley(shots: Sequence[Shot], each: Callable[[Hit], None] = lambda _: None) -> list[Hit | None]:
    """Send requests, and return their answers in the same order; None: the connection ended without one.

    Args:
        shots: the requests.
        each: is told of every answer as it comes.
    """
    return asyncio.run(_volley(shots, each))


async def _volley(shots: Sequence[Shot], each: Callable[[Hit], None]) -> list[Hit | None]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(aimed: Shot) -> Hit | None:
        async with places, asyncio.timeout(SECONDS):
            hit = await _send(aimed)
        if hit is not None:
            each(hit)
        return hit

    return await asyncio.gather(*map(one, shots))


async def _send(aimed: Shot) -> Hit | None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", aimed.server.port)
        try:
            writer.write(aimed.data)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            body = await reader.read()
        finally:
            writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Hit(aimed.server, int(first.split()[1]), headers, body)

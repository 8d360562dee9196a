"""A receiver of webhooks, and what is sent to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from filemill_server.webhooks.delivery import Attempt, DeliveryPolicy, Endpoint, compose, deliver
from filemill_server.webhooks.signatures import make_secret

Answer: TypeAlias = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
POLICY = DeliveryPolicy(
    timeout_seconds=5, connect_timeout_seconds=1, allow_http=True, allow_networks=(ip_network("127.0.0.1/32"),)
)
PATIENT = replace(POLICY, connect_timeout_seconds=60, timeout_seconds=90)
"""For many attempts at once: on a busy machine not all connect within a second, nor are answered within five."""
SECRET = make_secret()
MESSAGE = compose("msg_1", {"id": "job_1", "state": "succeeded", "note": "ä\r\n"})


class Receiver:
    """A web server on 127.0.0.1 that keeps what it gets and gives a raw answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")[:-2]
            headers = dict(line.split(": ", 1) for line in lines)
            assert len(headers) == len(lines)
            self.requests.append((first, headers, await reader.readexactly(int(headers["content-length"]))))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


def status(line: str, *headers: str) -> bytes:
    """Make an answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {line}", "content-length: 0", *headers, "", ""]).encode()


async def send(url: str, number: int = 1, policy: DeliveryPolicy = POLICY, *secrets: str) -> Attempt:
    """Send the message once."""
    return await deliver(MESSAGE, Endpoint(url, secrets or (SECRET,)), number=number, policy=policy)


def resolve(monkeypatch: pytest.MonkeyPatch, answers: Iterator[list[str]]) -> list[str]:
    """Make every name resolve to the next of the answers; gives the names that were looked up."""
    names: list[str] = []

    async def getaddrinfo(self: object, host: str, port: int, **options: Any) -> list[Any]:
        names.append(host)
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(kinds[ip_address(text).version], 1, 6, "", (text, port)) for text in next(answers)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return names

"""A network with nothing to reach: a listener on every loopback address, a resolver, a record of what is dialled."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import httpcore
import pytest

OUTSIDE = "127.9.9.9"
"""Stands for a server on the internet: the one address that may be connected to."""
ALLOWED = f"{OUTSIDE}/32"

Answer = Callable[[bytes], bytes]


@dataclass
class ClosedNetwork:
    """What is there, and what has happened.

    Fields:
        port: of the listener on every address.
        answers: of names, each look-up takes the next; a name that is not among them is 127.0.0.1.
        arrived: connections that the listener took.
        dialled: addresses that a connection was begun to.
        looked_up: names that were looked up.
    """

    port: int
    answers: dict[str, Iterator[list[str]]] = field(default_factory=dict)
    arrived: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin a new count."""
        for record in (self.arrived, self.dialled, self.looked_up):
            record.clear()
        self.answers.clear()


@contextmanager
def closed_network() -> Iterator[ClosedNetwork]:
    """Run the listener, and let this process resolve and dial through it for as long as this is open."""
    with ExitStack() as stack:
        network = ClosedNetwork(0)

        def answer(request: bytes) -> bytes:
            network.arrived.append(request.decode("latin-1"))
            return b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret"

        network.port = stack.enter_context(_serving(answer, "0.0.0.0", 0))
        if socket.has_dualstack_ipv6():
            stack.enter_context(_serving(answer, "::", network.port))
        stack.enter_context(_watched(network))
        yield network


@contextmanager
def outside(pages: Mapping[str, bytes]) -> Iterator[str]:
    """Run the server outside, which gives each path its raw answer; gives its address."""

    def answer(request: bytes) -> bytes:
        path = request.split(b" ")[1].decode("ascii")
        return pages.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

    with _serving(answer, OUTSIDE, 0) as port:
        yield f"http://{OUTSIDE}:{port}"


def redirect(location: str) -> bytes:
    """Make an answer that leads elsewhere."""
    return b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: %b\r\n\r\n" % location.encode(
        "utf-8", "surrogatepass"
    )


def page(body: bytes) -> bytes:
    """Make an answer with a body."""
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def _serving(answer: Answer, host: str, port: int) -> Iterator[int]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            request = b""
            while b"\r\n\r\n" not in request and (part := self.request.recv(65536)):
                request += part
            if request:
                self.request.sendall(answer(request))
            else:  # whoever only knocked was here as well
                answer(b"- -")

    class Server(ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        allow_reuse_address = True
        daemon_threads = True

        def server_bind(self) -> None:
            if self.address_family == socket.AF_INET6:
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            super().server_bind()

    with Server((host, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _watched(network: ClosedNetwork) -> Iterator[None]:
    dial = httpcore.AnyIOBackend.connect_tcp

    async def connect_tcp(self: httpcore.AnyIOBackend, host: str, *rest: Any) -> httpcore.AsyncNetworkStream:
        network.dialled.append(host)
        if not ip_address(host).is_loopback:  # no test goes any further
            raise httpcore.ConnectError
        return await dial(self, host, *rest)

    async def getaddrinfo(self: object, host: str, port: int, **options: Any) -> list[Any]:
        network.looked_up.append(host)
        found = next(network.answers[host]) if host in network.answers else ["127.0.0.1"]
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(kinds[ip_address(text).version], socket.SOCK_STREAM, 6, "", (text, port)) for text in found]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)
        patch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
        yield

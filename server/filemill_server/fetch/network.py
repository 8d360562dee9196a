"""Connections that go to a checked address and nowhere else."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from functools import cache
from ipaddress import ip_address

import anyio
from httpcore import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncConnectionPool,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    NetworkError,
    ProtocolError,
    TimeoutException,
    default_ssl_context,
)

from filemill_server.fetch.addresses import Address, connected, is_listed, is_permitted
from filemill_server.fetch.policy import ConnectionPolicy
from filemill_server.fetch.refusals import forbidden

_MAX_TRIES = 4
"""Addresses of one name that are tried in turn; all of them are checked."""

NETWORK_FAILURES = (NetworkError, ProtocolError, TimeoutException, ssl.SSLError, TimeoutError)
"""What a request raises if the other side, or the way to it, is at fault."""


class GuardedBackend(AsyncNetworkBackend):
    """Resolve a name once, check all of its addresses, connect to one of them as a number.

    The name is not looked up again after the check, so an answer that changes in between has no effect.
    httpcore takes the TLS server name and the `Host` header from the URL: they stay the name.
    """

    def __init__(self, policy: ConnectionPolicy) -> None:
        self._policy = policy
        self._dialer = AnyIOBackend()
        self._opened: list[AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the name is that of httpcore.AsyncNetworkBackend)
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a host within the policy's connect timeout.

        Raises:
            FilemillError: SOURCE_FORBIDDEN, if any of its addresses, or the port, is off limits.
            TimeoutError: if neither an answer nor a connection came in time.
            httpcore.ConnectError: if the name has no address or none of them accepts.
        """
        with anyio.fail_after(self._policy.connect_timeout_seconds):
            addresses = await _resolve(host, port)
            if not all(self._may_connect(address, port) for address in addresses):
                raise forbidden()
            tries = addresses[:_MAX_TRIES]
            for address in tries:
                share = self._policy.connect_timeout_seconds / len(tries)
                try:
                    stream = await self._dialer.connect_tcp(
                        str(connected(address)), port, share, local_address, socket_options
                    )
                except (ConnectError, ConnectTimeout):
                    continue
                self._opened.append(stream)
                return stream
        raise ConnectError("no address of the host accepted the connection")

    async def aclose(self) -> None:
        """Close every connection: httpcore loses one whose TLS handshake is called off."""
        for stream in self._opened:
            await stream.aclose()

    def _may_connect(self, address: Address, port: int) -> bool:
        networks = self._policy.allow_networks
        if not is_permitted(address, networks):
            return False
        return port in self._policy.allow_ports or is_listed(address, networks)


@asynccontextmanager
async def guarded_pool(policy: ConnectionPolicy, timeout_seconds: float) -> AsyncIterator[AsyncConnectionPool]:
    """Open connections through a `GuardedBackend` until the time is over, and close all of them.

    Raises:
        TimeoutError: when the time is over.
    """
    async with aclosing(GuardedBackend(policy)) as backend:
        with anyio.fail_after(timeout_seconds):
            # No proxy is read from the environment: what is connected to is the host itself.
            async with AsyncConnectionPool(_tls(), network_backend=backend) as pool:
                yield pool


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificate authorities takes tens of milliseconds: once is enough.
    return default_ssl_context()


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # A zone stays part of the address here, and is refused with it.
        addresses = [ip_address(peer[0]) for *_, peer in answers]
    except (OSError, ValueError) as error:
        raise ConnectError("the host has no address") from error
    return list(dict.fromkeys(addresses))

"""TLS to an address that was checked, under the name that was asked for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from certificates import certificate
from filemill.errors import ErrorCode, FilemillError
from filemill_server.fetch import network
from filemill_server.fetch.client import fetch
from filemill_server.fetch.policy import FetchPolicy

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests on asyncio, as the server does."""
    return "asyncio"


async def test_tls_keeps_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is what is dialled; the TLS server name, the certificate and Host go by the name."""

    async def getaddrinfo(self: object, host: str, port: int, **options: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    path = certificate(tmp_path, "source.test")
    names: list[str | None] = []
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(path)
    tls.sni_callback = lambda _, name, __: names.append(name)
    trusting = ssl.create_default_context(cafile=path)
    hosts: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hosts.extend(line for line in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n") if b"ost:" in line)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    policy = FetchPolicy(max_bytes=9, timeout_seconds=5, allow_networks=(ip_network("127.0.0.1/32"),))
    async with server:
        with pytest.raises(FilemillError) as untrusted:
            await fetch(f"https://source.test:{port}/", tmp_path / "0", policy=policy)
        monkeypatch.setattr(network, "_tls", lambda: trusting)
        await fetch(f"https://source.test.:{port}/", tmp_path / "1", policy=policy)
        with pytest.raises(FilemillError) as wrong:
            await fetch(f"https://other.test:{port}/", tmp_path / "2", policy=policy)
    assert {untrusted.value.code, wrong.value.code} == {ErrorCode.SOURCE_UNREACHABLE}
    assert names == ["source.test", "source.test", "other.test"]
    assert hosts == [f"host: source.test:{port}".encode()]

"""Source URLs in every spelling: none may lead to an address that is not public."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import httpcore
import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.fetch.client import fetch
from filemill_server.fetch.policy import FetchPolicy

pytestmark = pytest.mark.anyio

# {p} is the port of a listener on 127.0.0.1; names resolve to 127.0.0.1.
FORBIDDEN = [
    "http://127.0.0.1:{p}/",
    "http://127.0.0.1:{p}",
    "http://127.0.0.1.:{p}/",
    "http://127.1.2.3:{p}/",
    "http://127.255.255.254:{p}/",
    "http://0.0.0.0:{p}/",
    "http://0.1.2.3:{p}/",
    "http://10.0.0.1:{p}/",
    "http://10.255.255.255:{p}/",
    "http://172.16.0.1:{p}/",
    "http://172.31.255.255:{p}/",
    "http://192.168.0.1:{p}/",
    "http://192.168.255.255:{p}/",
    "http://100.64.0.1:{p}/",
    "http://100.127.255.255:{p}/",
    "http://169.254.0.1:{p}/",
    "http://198.18.0.1:{p}/",
    "http://198.19.255.255:{p}/",
    "http://192.0.2.1:{p}/",
    "http://198.51.100.1:{p}/",
    "http://203.0.113.1:{p}/",
    "http://192.88.99.1:{p}/",
    "http://224.0.0.1:{p}/",
    "http://239.255.255.250:{p}/",
    "http://240.0.0.1:{p}/",
    "http://255.255.255.255:{p}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.0.23/",
    "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/opc/v2/",
    "http://168.63.129.16/machine",
    "http://[fd00:ec2::254]/latest/",
    "http://[fd20:ce::254]/computeMetadata/v1/",
    "http://[fe80::a9fe:a9fe]/",
    "http://[::1]:{p}/",
    "http://[0:0:0:0:0:0:0:1]:{p}/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{p}/",
    "http://[::]:{p}/",
    "http://[::127.0.0.1]:{p}/",
    "http://[::7f00:1]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/",
    "http://[::FFFF:7F00:0001]:{p}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/",
    "http://[::ffff:0:127.0.0.1]:{p}/",
    "http://[::ffff:0:7f00:1]:{p}/",
    "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b::7f00:1]:{p}/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::127.0.0.1]:{p}/",
    "http://[64:ff9b:1:7f00:0:100::]:{p}/",
    "http://[64:ff9b:1:a9fe:a9:fe00::]/",
    "http://[64:ff9b:1::8.8.8.8]/",
    "http://[2002:7f00:1::]:{p}/",
    "http://[2002:7f00:1::1]:{p}/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2002:a00:1::]:{p}/",
    "http://[2001:0:7f00:1::]:{p}/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{p}/",
    "http://[2001::1]/",
    "http://[2a00:1450::5efe:127.0.0.1]:{p}/",
    "http://[2a00:1450::200:5efe:7f00:1]:{p}/",
    "http://[fe80::5efe:10.0.0.1]/",
    "http://[fc00::1]:{p}/",
    "http://[fd12:3456::1]:{p}/",
    "http://[fe80::1]:{p}/",
    "http://[fec0::1]:{p}/",
    "http://[ff02::1]:{p}/",
    "http://[2001:db8::1]:{p}/",
    "http://[3fff::1]:{p}/",
    "http://[100::1]:{p}/",
    "http://[2001:2::1]/",
    "http://[5f00::1]/",
    "http://localhost:{p}/",
    "http://LOCALHOST:{p}/",
    "http://localhost.:{p}/",
    "http://LocalHost.localdomain:{p}/",
    "http://rebind.test:{p}/",
    "http://127.0.0.1.nip.test:{p}/",
    "http://metadata.google.internal/",
    "http://intranet:{p}/",
    "http://a_b.test:{p}/",
    "http://127.0.0.1.test.:{p}/",
    "http://1.2.3.4x:{p}/",
    "http://xn--bcher-kva.test:{p}/",
    "http://bücher.test:{p}/",
    "http://BÜCHER.test:{p}/",
    "http://127。0。0。1:{p}/",
    "http://127．0．0．1:{p}/",
    "http://localhost。:{p}/",
    "http://127.0.0.1:{p}/?http://8.8.8.8/",
    "http://127.0.0.1:{p}/#@8.8.8.8/",
    "http://127.0.0.1:{p}#@8.8.8.8/",
    "http://127.0.0.1:{p}?@8.8.8.8/",
    "http://127.0.0.1:{p}/%2e%2e/@8.8.8.8",
    "https://127.0.0.1:{p}/",
    "HTTPS://[::1]:{p}/",
    "hTTp://127.0.0.1:{p}/",
    "http://127.0.0.1:080/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379/",
    "http://[2606:4700:4700::1111]:25/",
]

MALFORMED = [
    *[
        "http://2130706433:{p}/",
        "http://017700000001:{p}/",
        "http://0x7f000001:{p}/",
        "http://0X7F000001:{p}/",
        "http://127.1:{p}/",
        "http://127.0.1:{p}/",
        "http://0x7f.1:{p}/",
        "http://0x7f.0x0.0x0.0x1:{p}/",
        "http://0177.0.0.1:{p}/",
        "http://0177.0.0.01:{p}/",
        "http://127.0.0.01:{p}/",
        "http://00127.0.0.1:{p}/",
        "http://0177.0x0.0.1:{p}/",
        "http://127.0x1:{p}/",
        "http://0:{p}/",
        "http://0x:{p}/",
        "http://0x0:{p}/",
        "http://4294967297:{p}/",
        "http://18446744071562067969:{p}/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0xa9.254.0251.254/",
        "http://169.16689662/",
        "http://256.256.256.256:{p}/",
        "http://1.2.3.4.5:{p}/",
        "http://127.0.0.1..:{p}/",
        "http://127..1:{p}/",
        "http://.127.0.0.1:{p}/",
        "http://127.0.0.1.0:{p}/",
        "http://localhost.1:{p}/",
        "http://localhost.0x7f:{p}/",
        "http://localhost..:{p}/",
        "http://..:{p}/",
        "http://-.-..:{p}/",
        "http://１２７.０.０.１:{p}/",
        "http://①②⑦.⓪.⓪.①:{p}/",
        "http://２１３０７０６４３３:{p}/",
        "http://ｌｏｃａｌｈｏｓｔ:{p}/",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/",
        "http://loc\xadalhost:{p}/",
        "http://127.0.0.1\u200b:{p}/",
        "http://١٢٧.٠.٠.١:{p}/",
        "http://0𝟙.test:{p}/",
        "http://user@127.0.0.1:{p}/",
        "http://user:pass@127.0.0.1:{p}/",
        "http://8.8.8.8@127.0.0.1:{p}/",
        "http://@127.0.0.1:{p}/",
        "http://127.0.0.1:{p}@8.8.8.8/",
        "http://a@b@127.0.0.1:{p}/",
        "http://8.8.8.8:80@127.0.0.1:{p}/",
        "http://8.8.8.8%40127.0.0.1/",
        "http:\\\\127.0.0.1:{p}\\",
        "http://127.0.0.1:{p}\\@8.8.8.8/",
        "http://8.8.8.8\\@127.0.0.1:{p}/",
        "http://8.8.8.8/\\127.0.0.1",
        "http://%31%32%37.0.0.1:{p}/",
        "http://127%2e0%2e0%2e1:{p}/",
        "http://localhost%00.test:{p}/",
        "http://%6cocalhost:{p}/",
        "http://[::1%25eth0]:{p}/",
        "http://[fe80::1%eth0]:{p}/",
        "http://[fe80::1%251]:{p}/",
        "http://[::1:{p}/",
        "http://::1:{p}/",
        "http://[::1]x:{p}/",
        "http://[v1.fe80::a]:{p}/",
        "http://[127.0.0.1]:{p}/",
        "http://[0x7f.1]:{p}/",
        "http://[]:{p}/",
        "http://[::1]:{p}:80/",
        "http://x[::1]:{p}/",
        "http://[::ffff:0177.0.0.1]:{p}/",
        "http://[::ffff:127.1]:{p}/",
        "http://127.0.0.1:８０/",
        "http://127.0.0.1:+80/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:99999999/",
        "http://127.0.0.1:0x50/",
        "http://127.0.0.1:{p}:{p}/",
        "http://127.0.0.1,8.8.8.8:{p}/",
        "http:127.0.0.1:{p}",
        "http:/127.0.0.1:{p}/",
        "http:///127.0.0.1:{p}/",
        "http://",
        "http://:{p}/",
        "http://?127.0.0.1",
        "//127.0.0.1:{p}/",
        "127.0.0.1:{p}",
        "/etc/passwd",
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "ftp://127.0.0.1:{p}/",
        "gopher://127.0.0.1:{p}/_",
        "dict://127.0.0.1:{p}/",
        "ldap://127.0.0.1:{p}/",
        "data:text/plain,x",
        "javascript:1",
        "jar:http://127.0.0.1:{p}/!/",
        "ws://127.0.0.1:{p}/",
        "unix:///run/docker.sock",
        "http+unix://127.0.0.1:{p}/",
        "httpx://127.0.0.1:{p}/",
        "url:http://127.0.0.1:{p}/",
        "s3://bucket/key",
    ],
    "",
    " http://127.0.0.1:{p}/",
    "\thttp://127.0.0.1:{p}/",
    "http://127.0.0.1:{p}/\r\nHost: 8.8.8.8",
    "http://127.0.0.1:{p}/ HTTP/1.1\r\nX: y",
    "ht\ntp://127.0.0.1:{p}/",
    "http://127.0.0\t.1:{p}/",
    "http://127.0.0.1 :{p}/",
    "http://127.0.0.1:{p} /",
    "http://8.8.8.8 @127.0.0.1:{p}/",
    "http://127.0.0.1:{p}/\x00",
    "http://127.0.0.1\x00.test:{p}/",
    "http://127.0.0.1:{p}/\x85",
    "http://127.0.0.1:{p}/\ud800",
    "http://" + "a" * 64 + ":{p}/",
    "http://" + "a." * 130 + "test:{p}/",
    "http://ü" + "a" * 300 + ":{p}/",
    "http://127.0.0.1:{p}/" + "a" * 8192,
]


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests on asyncio, as the server does."""
    return "asyncio"


class Network:
    """A listener on 127.0.0.1 that counts connections, and a record of every address that is dialled."""

    def __init__(self) -> None:
        self.port = 0
        self.arrived = 0
        self.dialled: list[str] = []
        self.lookups = 0


@asynccontextmanager
async def listening(network: Network, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """Count connections on 127.0.0.1, and answer each as a web server would."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        network.arrived += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host, network.port)
    network.port = server.sockets[0].getsockname()[1]
    async with server:
        yield


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Record what is dialled and let only loopback addresses through, so that no other host is reached."""
    made = Network()
    real = httpcore.AnyIOBackend.connect_tcp

    async def connect_tcp(self: httpcore.AnyIOBackend, host: str, *rest: Any) -> httpcore.AsyncNetworkStream:
        made.dialled.append(host)
        if not ip_address(host).is_loopback:
            raise httpcore.ConnectError
        return await real(self, host, *rest)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)
    return made


def resolve(monkeypatch: pytest.MonkeyPatch, network: Network, answers: Iterator[list[str]]) -> None:
    """Make every name resolve to the next of the answers."""

    async def getaddrinfo(self: object, host: str, port: int, **options: Any) -> list[Any]:
        network.lookups += 1
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(kinds[ip_address(a).version], 1, 6, "", (a, port)) for a in next(answers)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def policy(network: Network, *networks: str) -> FetchPolicy:
    """Allow the listener's port, so that nothing but the address can be what is refused."""
    return FetchPolicy(
        max_bytes=1000,
        timeout_seconds=5,
        allow_networks=tuple(ip_network(text) for text in networks),
        allow_ports=frozenset({80, 443, network.port}),
    )


async def test_no_spelling_connects(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """More than 200 spellings end with the right error, without a connection, a file or an address told."""
    resolve(monkeypatch, network, cycle([["127.0.0.1"]]))
    wrong = []
    async with listening(network):
        for url, code in chain(
            ((url, ErrorCode.SOURCE_FORBIDDEN) for url in FORBIDDEN),
            ((url, ErrorCode.INVALID_PARAMETER) for url in MALFORMED),
        ):
            with pytest.raises(FilemillError) as caught:
                await fetch(url.replace("{p}", str(network.port)), tmp_path / "file", policy=policy(network))
            error = caught.value
            if error.code is not code or "127" in error.detail or error.faults[0].pointer != "/url":
                wrong.append((url, error.code, error.detail))
    assert wrong == []
    assert len(FORBIDDEN + MALFORMED) >= 200
    assert (network.arrived, network.dialled, list(tmp_path.iterdir())) == (0, [], [])


async def test_the_listener_can_be_reached(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same listener is reached once its network is listed, so that the zeros above mean something."""
    resolve(monkeypatch, network, cycle([["127.0.0.1"]]))
    async with listening(network):
        allowed = policy(network, "127.0.0.0/8")
        for number, host in enumerate(["127.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]", "name.test", "bücher.test"]):
            await fetch(f"http://{host}:{network.port}/", tmp_path / str(number), policy=allowed)
    assert network.arrived == 5


async def test_rebinding(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that changes its answer after the check is connected to at the checked address only."""
    good = Network()
    resolve(monkeypatch, network, chain([["127.0.0.2"]], cycle([["127.0.0.1"]])))
    async with listening(network):
        good.port = network.port
        async with listening(good, "127.0.0.2"):
            url = f"http://rebind.test:{network.port}/"
            await fetch(url, tmp_path / "file", policy=policy(network, "127.0.0.2/32"))
            with pytest.raises(FilemillError) as caught:
                await fetch(url, tmp_path / "second", policy=policy(network, "127.0.0.2/32"))
    assert caught.value.code is ErrorCode.SOURCE_FORBIDDEN
    assert (good.arrived, network.arrived, network.lookups, network.dialled) == (1, 0, 2, ["127.0.0.2"])


async def test_rebinding_from_a_public_address(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A public first answer is dialled as it was checked, and a failure there asks for no second answer."""
    resolve(monkeypatch, network, chain([["8.8.8.8"]], cycle([["127.0.0.1"]])))
    async with listening(network):
        with pytest.raises(FilemillError) as caught:
            await fetch(f"http://rebind.test:{network.port}/", tmp_path / "file", policy=policy(network))
    assert caught.value.code is ErrorCode.SOURCE_UNREACHABLE
    assert (network.arrived, network.lookups, network.dialled) == (0, 1, ["8.8.8.8"])


@pytest.mark.parametrize("bad", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%lo"])
async def test_every_answer_is_checked(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bad: str
) -> None:
    """One bad address among the answers refuses the name, wherever it stands."""
    resolve(monkeypatch, network, cycle([["8.8.8.8", bad], [bad, "8.8.8.8"], ["8.8.8.8"] * 9 + [bad]]))
    async with listening(network):
        for _ in range(3):
            with pytest.raises(FilemillError) as caught:
                await fetch(f"http://mixed.test:{network.port}/", tmp_path / "file", policy=policy(network))
            assert caught.value.code is ErrorCode.SOURCE_FORBIDDEN
    assert (network.arrived, network.dialled) == (0, [])


async def test_next_address(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address that does not accept is followed by the next one."""
    resolve(monkeypatch, network, cycle([["8.8.8.8", "127.0.0.1"]]))
    async with listening(network):
        url = f"http://two.test:{network.port}/"
        fetched = await fetch(url, tmp_path / "file", policy=policy(network, "127.0.0.0/8"))
    assert (fetched.size, network.dialled) == (6, ["8.8.8.8", "127.0.0.1"])

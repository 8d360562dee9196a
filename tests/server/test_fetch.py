"""Fetching from servers that redirect, lie, drip, break off and never end."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.fetch.client import Fetched, fetch
from filemill_server.fetch.policy import FetchPolicy

pytestmark = pytest.mark.anyio

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = ip_network("127.0.0.0/8")
POLICY = FetchPolicy(max_bytes=100_000, timeout_seconds=5, connect_timeout_seconds=1, allow_networks=(LOOPBACK,))


class Source:
    """A web server on 127.0.0.1 that gives each path its own raw answer."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split()[1]
        self.requests.append((path, dict(line.lower().split(": ", 1) for line in head[1:-2])))
        answer = self.answers[path]
        try:
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answers: dict[str, Answer]) -> AsyncIterator[Source]:
    """Run a source."""
    source = Source(answers)
    server = await asyncio.start_server(source, "127.0.0.1", 0)
    source.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield source


def ok(body: bytes, *headers: str) -> bytes:
    """Make an answer with a body and its true length."""
    return head(f"content-length: {len(body)}", *headers) + body


def head(*headers: str, status: str = "200 OK") -> bytes:
    """Make the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def to(location: str, status: str = "302 Found") -> bytes:
    """Make a redirect."""
    return head(f"location: {location}", "content-length: 0", status=status)


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name the file that a fetch makes."""
    return tmp_path / "source"


async def refused(url: str, file: Path, policy: FetchPolicy = POLICY, **headers: str) -> FilemillError:
    """Give the error of a fetch that must fail, and leave no file."""
    with pytest.raises(FilemillError) as caught:
        await fetch(url, file, policy=policy, headers=headers)
    assert not file.exists()
    return caught.value


async def test_file(file: Path) -> None:
    """The body arrives whole, with the source's name and type; the request says who asks for what."""
    body = bytes(range(256)) * 300
    async with serving({"/a%20b.jpg?x=1": ok(body, "content-type: Image/JPEG; q=1")}) as source:
        fetched = await fetch(source.url + "/a b.jpg?x=1#f", file, policy=POLICY, headers={"X-Key": "k"})
    assert fetched == Fetched(size=len(body), name="a b.jpg", media_type="image/jpeg")
    assert file.read_bytes() == body
    sent = source.requests[0][1]
    assert sent["host"] == source.url.removeprefix("http://")
    assert (sent["accept-encoding"], sent["user-agent"], sent["x-key"]) == ("identity", "filemill", "k")


async def test_existing_file_is_kept(file: Path) -> None:
    """A file that is already there is neither overwritten nor removed."""
    file.write_bytes(b"mine")
    async with serving({"/": ok(b"theirs")}) as source:
        with pytest.raises(FileExistsError):
            await fetch(source.url, file, policy=POLICY)
    assert file.read_bytes() == b"mine"


async def endless(writer: asyncio.StreamWriter) -> None:
    """Send chunks until the other side goes away."""
    writer.write(head("transfer-encoding: chunked"))
    while True:
        writer.write(b"4000\r\n" + bytes(0x4000) + b"\r\n")
        await writer.drain()


async def no_length(writer: asyncio.StreamWriter) -> None:
    """Send too much in a body that ends with the connection."""
    writer.write(head() + bytes(100_001))
    await writer.drain()


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        no_length,
        ok(bytes(100_001)),
        head("content-length: 100001"),
        head("content-length: 99999999999999999999"),
        ok(gzip.compress(bytes(100_001)), "content-encoding: gzip"),
        ok(gzip.compress(bytes(50_000_000)), "content-encoding: gzip"),
    ],
)
async def test_too_large(file: Path, answer: Answer) -> None:
    """A source above the limit is refused by its announced length, or while reading, or while unpacking."""
    async with serving({"/": answer}) as source:
        assert (await refused(source.url, file)).code is ErrorCode.FILE_TOO_LARGE


@pytest.mark.parametrize("coding", ["", "identity", "gzip", "X-GZIP"])
async def test_exactly_the_limit(file: Path, coding: str) -> None:
    """A source of exactly the limit is taken, as it is or gzipped."""
    body = bytes(POLICY.max_bytes)
    sent = gzip.compress(body) if "gzip" in coding.lower() else body
    async with serving({"/": ok(sent, f"content-encoding: {coding}")}) as source:
        assert (await fetch(source.url, file, policy=POLICY)).size == len(body)
    assert file.read_bytes() == body


PACKED = gzip.compress(bytes(range(256)) * 9)


@pytest.mark.parametrize(
    "answer",
    [
        head("content-length: 10") + b"short",
        head("transfer-encoding: chunked") + b"5\r\nshort\r\n",
        head("transfer-encoding: chunked") + b"zz\r\nshort\r\n0\r\n\r\n",
        head("content-length: 5", "content-length: 6") + b"short!",
        head("content-length: -5") + b"short",
        head("content-length: 9" * 30) + b"short",
        head("x: " + "y" * 200_000) + b"",
        ok(PACKED[:-9], "content-encoding: gzip"),
        ok(PACKED[:20] + b"????" + PACKED[24:], "content-encoding: gzip"),
        ok(PACKED + PACKED, "content-encoding: gzip"),
        ok(b"plain", "content-encoding: gzip"),
        ok(b"plain", "content-encoding: br"),
        ok(PACKED, "content-encoding: gzip, gzip"),
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
async def test_broken(file: Path, answer: bytes) -> None:
    """An answer that is cut short, contradicts itself or is no HTTP is no file."""
    async with serving({"/": answer}) as source:
        assert (await refused(source.url, file)).code is ErrorCode.SOURCE_UNREACHABLE


async def test_length_below_the_body(file: Path) -> None:
    """What follows the announced length is not read."""
    async with serving({"/": head("content-length: 3") + b"abcdef"}) as source:
        await fetch(source.url, file, policy=POLICY)
    assert file.read_bytes() == b"abc"


@pytest.mark.parametrize(
    "status",
    ["204 No Content", "206 Partial Content", "300 Multiple Choices", "304 Not Modified", "404 Not Found"],
)
async def test_status(file: Path, status: str) -> None:
    """A status that brings no whole file is named."""
    async with serving({"/": head("content-length: 0", status=status)}) as source:
        error = await refused(source.url, file)
    assert (error.code, status[:3] in error.detail) == (ErrorCode.SOURCE_UNREACHABLE, True)


async def drip_body(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then."""
    writer.write(head("content-length: 1000"))
    await drip(writer)


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a head that never ends."""
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def continue_forever(writer: asyncio.StreamWriter) -> None:
    """Announce an answer that never comes."""
    while True:
        writer.write(head(status="100 Continue"))
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(writer: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await asyncio.sleep(2)


@pytest.mark.parametrize("answer", [drip_body, drip, continue_forever, silence])
async def test_time_limit(file: Path, answer: Answer) -> None:
    """The limit holds for the whole transfer, however busy the source looks."""
    policy = FetchPolicy(max_bytes=1000, timeout_seconds=0.3, allow_networks=(LOOPBACK,))
    async with serving({"/": answer}) as source:
        start = time.monotonic()
        error = await refused(source.url, file, policy)
    assert (error.code, time.monotonic() - start < 1) == (ErrorCode.SOURCE_UNREACHABLE, True)


async def test_cancelled(file: Path) -> None:
    """A fetch that is called off leaves no file."""
    async with serving({"/": drip_body}) as source:
        task = asyncio.create_task(fetch(source.url, file, policy=POLICY))
        await asyncio.sleep(0.2)
        assert file.exists()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not file.exists()


BAD_PLACES = [
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:a00:1::]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://0.0.0.0/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "//10.0.0.1/",
    "http://127.0.0.2/",
    "http:\\\\10.0.0.1",
    "\\\\10.0.0.1",
    "http://u:p@127.0.0.1/",
    "//u@127.0.0.1/",
    "http://8.8.8.8:22/",
    "http://[::1%lo]/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1/",
    "data:text/plain,x",
    "javascript:1",
    "http://[",
    "//[",
    "http://127.0.0.1:0/",
    "http://１２７.０.０.１/",
]


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
async def test_redirects_to_bad_places(file: Path, status: str) -> None:
    """Each redirect is checked as the first URL was, and no bad one is followed."""
    places: dict[str, Answer] = {f"/{number}": to(place, status) for number, place in enumerate(BAD_PLACES)}
    policy = FetchPolicy(max_bytes=9, timeout_seconds=5, allow_networks=(ip_network("127.0.0.1/32"),))
    seen = set()
    async with serving(places) as source:
        for path in places:
            seen.add((await refused(source.url + path, file, policy)).code)
    assert seen == {ErrorCode.SOURCE_FORBIDDEN}
    assert len(source.requests) == len(BAD_PLACES)


async def test_redirects(file: Path) -> None:
    """Relative and absolute redirects are followed up to the limit, and the last URL gives the name."""
    answers: dict[str, Answer] = {f"/{n}": to(f"{n + 1}") for n in range(5)}
    async with serving(answers | {"/5": ok(b"x"), "/start": to("/0"), "/me": to("./me")}) as source:
        assert (await fetch(source.url + "/0", file, policy=POLICY)).name == "5"
        file.unlink()
        too_many = await refused(source.url + "/start", file)
        loop = await refused(source.url + "/me", file)
    assert (too_many.code, loop.code) == (ErrorCode.SOURCE_UNREACHABLE, ErrorCode.SOURCE_UNREACHABLE)
    assert len(source.requests) == 6 + 6 + 6


async def test_headers_stay_with_their_origin(file: Path) -> None:
    """The caller's headers follow a redirect within the origin and are gone for good once it leaves."""
    secret = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Api-Key": "k"}
    async with serving({}) as here, serving({}) as there:
        here.answers |= {"/": to("/same"), "/same": to(there.url + "/away"), "/end": ok(b"x")}
        there.answers |= {"/away": to(here.url + "/end")}
        await fetch(here.url + "/", file, policy=POLICY, headers=secret)
    carried = {path: {"authorization", "cookie", "x-api-key"} & set(sent) for path, sent in here.requests}
    assert carried == {"/": {"authorization", "cookie", "x-api-key"}, "/same": carried["/"], "/end": set()}
    assert not {"authorization", "cookie", "x-api-key"} & set(there.requests[0][1])
    assert there.requests[0][1]["host"] == there.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, "x")
            for name in ["Host", "content-length", "Transfer-Encoding", "connection", "TE", "upgrade", "Expect"]
        ),
        *((name, "x") for name in ["accept-encoding", "Range", "proxy-authorization", "Keep-Alive", "Trailer"]),
        *((name, "x") for name in ["", "a b", "a:", "a\r\nb", "ä"]),
        *(("x-key", value) for value in ["a\r\nHost: b", "a\nb", "a\x00", " a", "a ", "ä"]),
    ],
)
async def test_headers_refused(file: Path, name: str, value: str) -> None:
    """Headers that steer the connection, or would split the request, are refused before it is made."""
    async with serving({"/": ok(b"x")}) as source:
        error = await refused(source.url, file, POLICY, **{name: value})
    assert (error.code, error.faults[0].pointer) == (ErrorCode.INVALID_PARAMETER, "/headers")
    assert source.requests == []


async def test_ports(file: Path) -> None:
    """A port that is not allowed is open on listed networks only; the refusal reads as for an address."""
    errors = [await refused(url, file) for url in ("http://8.8.8.8:8080/", "http://10.0.0.1/")]
    assert {error.code for error in errors} == {ErrorCode.SOURCE_FORBIDDEN}
    assert len({error.detail for error in errors}) == 1


async def test_failures_read_alike(file: Path) -> None:
    """A closed port, a silent one, a talking one that is no web server, and no TLS give the same error."""
    policy = FetchPolicy(max_bytes=9, timeout_seconds=0.3, allow_networks=(LOOPBACK,))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{closed.getsockname()[1]}/"]
        async with serving({"/mute": silence, "/ssh": b"SSH-2.0-x\r\n", "/": b""}) as source:
            urls += [
                source.url + "/mute",
                source.url + "/ssh",
                source.url,
                source.url.replace("http", "https"),
            ]
            errors = [await refused(url, file, policy) for url in urls]
    assert {(error.code, error.detail) for error in errors} == {(errors[0].code, errors[0].detail)}
    assert errors[0].code is ErrorCode.SOURCE_UNREACHABLE


async def test_no_proxy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies named in the environment are not asked."""
    async with serving({"/": ok(b"x")}) as source, serving({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await fetch(source.url, file, policy=POLICY)
    assert (len(source.requests), proxy.requests) == (1, [])

"""More requests and connections than a server can take: refused at once, and served as ever when it is over.

How fast that is under a real crowd is measured by `tests/bench/overload.py`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import pyvips

import bombs
from live import LiveServer
from plugin_site import install
from watched import Watched, eventually

PLUGIN = Path(__file__).parent.parent / "live" / "plugins" / "slow_plugin.py"
CONNECTIONS = 24
STALL_SECONDS = 3


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server of one worker, before which one may wait, with 24 connections of which each has to get on."""
    folder = tmp_path_factory.mktemp("overload")
    settings = {"workers": 1, "queue": 1, "max_connections": CONNECTIONS, "stall_seconds": STALL_SECONDS}
    environment = {f"FILEMILL_{name.upper()}": str(value) for name, value in settings.items()}
    server = LiveServer(folder / "data", environment | install(folder / "site", PLUGIN, slow=""))
    server.start()
    with server.client() as client:
        yield Watched(server, client)
    server.stop()


def connect(watched: Watched) -> socket.socket:
    """Open a bare connection."""
    return socket.create_connection(("127.0.0.1", watched.server.port), timeout=30)


def head(watched: Watched, target: str, *lines: str) -> bytes:
    """Return the head of a request with a key."""
    start = f"{target} HTTP/1.1\r\nHost: x\r\nX-API-Key: {watched.server.key}\r\n"
    return (start + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer: its status, its headers by small names, its body."""
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
        data += part
    start, _, body = data.partition(b"\r\n\r\n")
    lines = start.decode().split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(fields["content-length"]):
        body += connection.recv(65536)
    return int(lines[0].split()[1]), fields, body


def open_files(watched: Watched) -> int:
    """Return how many descriptors the web process has open."""
    return sum(1 for _ in Path(f"/proc/{watched.pid}/fd").iterdir())


@contextmanager
def full(watched: Watched, gate: Path) -> Iterator[None]:
    """Have the worker and the one place before it taken, until the end of the block."""

    def nap() -> int:
        form = {"seconds": "60", "until": str(gate)}
        with watched.server.client() as client:
            return client.post("/v1/nap", files={"file": ("a.txt", b"x")}, data=form).status_code

    with ThreadPoolExecutor(2) as threads:
        naps = [threads.submit(nap)]
        assert eventually(lambda: watched.admitted() == 1)
        naps.append(threads.submit(nap))
        assert eventually(lambda: watched.admitted() == 2)
        try:
            yield
        finally:
            gate.touch()
        assert [nap.result() for nap in naps] == [200, 200]


def test_refused_before_the_body_is_sent(watched: Watched, tmp_path: Path) -> None:
    """Beyond the queue the head alone is answered: 503 and when to come again; the connection is kept."""
    picture = bombs.photo()
    with full(watched, tmp_path / "gate"), connect(watched) as connection:
        connection.sendall(head(watched, "POST /v1/resize?width=9", f"Content-Length: {len(picture)}"))
        status, fields, body = answer(connection)
        told = json.loads(body)
        assert (status, told["code"], fields["content-type"]) == (503, "OVERLOADED", "application/problem+json")
        assert int(fields["retry-after"]) >= 1
        assert told["request_id"] == fields["x-request-id"]
        connection.sendall(picture + head(watched, "GET /v1/assets"))
        assert answer(connection)[0] == 200
        for path in ("resize?width=9", "process", "packs/no-such"):
            assert watched.client.post(f"/v1/{path}", content=picture).status_code == 503
    metrics = watched.client.get("/metrics").text
    assert 'route="/v1/resize",status="503"' in metrics
    assert '"event":"requests_refused"' in Path(watched.server.log.name).read_text()


@pytest.mark.parametrize(
    ("path", "refused"),
    [("filagram/api/v1/resize", 500), ("imgstax/v1/resize", 500), ("imgsmaller/api/v1/compress", 503)],
)
def test_dialects_refuse_before_the_body_is_sent(watched: Watched, tmp_path: Path, path: str, refused: int) -> None:
    """Where every request of a path waits for a worker, its dialect refuses it by its head too, whoever asks."""
    with full(watched, tmp_path / "gate"), connect(watched) as connection:
        connection.sendall(f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
        status, fields, body = answer(connection)
        assert status == refused, body
        assert int(fields["retry-after"]) >= 1
        connection.sendall(bytes(1000) + head(watched, "GET /v1/assets"))
        assert answer(connection)[0] == 200
    assert watched.client.post(f"/{path}", headers={"X-API-Key": ""}).status_code == 401


@pytest.mark.parametrize("line", [f"Content-Length: {1 << 30}", "Transfer-Encoding: chunked"])
def test_refused_with_a_body_that_nobody_waits_for(watched: Watched, tmp_path: Path, line: str) -> None:
    """Of a body that is large, or has no end yet, nothing more is read: the connection ends after the answer."""
    with full(watched, tmp_path / "gate"), connect(watched) as connection:
        connection.sendall(head(watched, "POST /v1/resize?width=9", line))
        status, fields, _ = answer(connection)
        assert (status, fields["connection"]) == (503, "close")
        assert connection.recv(1) == b""


def test_what_needs_no_worker_is_answered(watched: Watched, tmp_path: Path) -> None:
    """Health is not made to wait, a job is accepted, an upload is taken, while all else is refused."""
    with full(watched, tmp_path / "gate"):
        for path in ("/health/live", "/health/ready"):
            assert watched.client.get(path).json()["status"] == "ok"
        job = watched.client.post("/v1/flip", content=bombs.photo(), headers={"Prefer": "respond-async"})
        assert job.status_code == 202
        assert watched.client.post("/v1/uploads", content=bombs.photo()).status_code == 201
    assert eventually(lambda: watched.client.get(job.headers["location"]).json()["status"] == "succeeded")


def test_slow_senders_hold_no_place(watched: Watched) -> None:
    """More senders than places, whose bodies don't come: others are served."""
    with ExitStack() as slow:
        for _ in range(5):
            connection = slow.enter_context(connect(watched))
            connection.sendall(head(watched, "POST /v1/resize?width=9", "Content-Length: 1000") + b"\xff\xd8\xff")

        def served() -> bool:
            return watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200

        assert eventually(served)


@pytest.mark.parametrize("begun", [b"POST /v1/resize?width=9 HTTP/1.1\r\nX-", None], ids=["in the head", "in the body"])
def test_a_slow_sender_is_cut_off(watched: Watched, begun: bytes | None) -> None:
    """Who sends a byte now and then, of a head or a body, is told 408 and has lost the connection."""
    end = time.monotonic() + 60
    with connect(watched) as connection:
        connection.sendall(begun or head(watched, "POST /v1/resize?width=9", "Content-Length: 1000000"))
        connection.settimeout(0.2)
        told = b""
        while not told and time.monotonic() < end:
            connection.sendall(b"x")
            try:
                told = connection.recv(100)
            except TimeoutError:
                continue
        assert told.startswith(b"HTTP/1.1 408 ")
    assert eventually(lambda: not watched.working_folders())


def test_a_slow_reader_is_cut_off(watched: Watched) -> None:
    """Who takes a few bytes now and then loses the connection; who takes what comes has all of it."""
    noise = pyvips.Image.gaussnoise(1800, 1800, mean=128, sigma=60).cast("uchar")
    made = watched.client.post("/v1/flip?format=png", content=noise.pngsave_buffer(compression=0)).json()
    path, size = f"/v1/assets/{made['assetId']}", made["sizeBytes"]
    before = open_files(watched)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", watched.server.port))
        connection.sendall(head(watched, f"GET {path}"))
        assert eventually(lambda: open_files(watched) > before)
        for _ in range(3):
            assert connection.recv(64)
        assert eventually(lambda: open_files(watched) <= before, 60)
        taken = 192
        try:
            while part := connection.recv(65536):
                taken += len(part)
        except ConnectionResetError:
            pass
        assert taken < size
    assert len(watched.client.get(path).content) == size


def test_one_connection_too_many(watched: Watched) -> None:
    """Beyond the limit a connection is answered 503, but for health; none of it is left when they have gone."""
    assert watched.client.get("/health/live").status_code == 200
    before = open_files(watched)
    with ExitStack() as crowd:
        for _ in range(CONNECTIONS):
            connection = crowd.enter_context(connect(watched))
            connection.sendall(head(watched, "POST /v1/uploads", "Content-Length: 1000") + b"x")
        with connect(watched) as one, connect(watched) as other:
            one.sendall(head(watched, "GET /v1/assets"))
            status, fields, _ = answer(one)
            assert (status, fields["retry-after"], fields["connection"]) == (503, "1", "close")
            other.sendall(head(watched, "GET /health/live"))
            assert answer(other)[0] == 200
    assert eventually(lambda: open_files(watched) <= before)
    assert watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200


def test_many_more_connections(watched: Watched) -> None:
    """Far beyond the limit they are closed at once, with a word; those who were there are served."""
    with ExitStack() as crowd:
        connections = [crowd.enter_context(connect(watched)) for _ in range(CONNECTIONS + 80)]
        last = connections[-1]
        assert last.recv(100).startswith(b"HTTP/1.1 503 ")
    assert eventually(lambda: watched.client.post("/v1/flip", content=bombs.photo()).is_success)


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"), [(256, 20000, 4096, 8704), (256, 1536, 512, 1536), (64, 64, 16, 64)]
)
def test_open_files_are_raised_to_what_connections_need(soft: int, hard: int, connections: int, raised: int) -> None:
    """Two descriptors a connection and some more, as far as the machine allows; else fewer connections."""
    program = f"""
import resource
from filemill_server.descriptors import make_room
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(make_room(4096), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [str(connections), str(raised)]

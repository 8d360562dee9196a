"""Bodies that are endless, lying, enormous or never finished: a typed 4xx, flat memory, nobody else waits (NA-71)."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import httpx
import pytest

import bombs
from live import pointers, problem, resident_bytes
from watched import Watch, Watched, eventually, private_bytes

LIMIT = 8 << 20
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def watched(watch: Watch, slow_plugin: dict[str, str]) -> Watched:
    """A server that takes bodies of 8 MiB, with an operation that sleeps."""
    return watch(plugins=slow_plugin, workers="2", max_upload_bytes=str(LIMIT), deadline_seconds="20")


def connect(watched: Watched) -> socket.socket:
    """Open a bare connection."""
    return socket.create_connection(("127.0.0.1", watched.server.port), timeout=20)


def head(watched: Watched, path: str, *lines: str, method: str = "POST") -> bytes:
    """Return the head of a request with a key."""
    start = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {watched.server.key}\r\n"
    return (start + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer to its end; status 0 where the connection was just closed."""
    data = b""
    try:
        while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
            data += part
        start, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in start.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", b"0")) and (part := connection.recv(65536)):
            body += part
    except ConnectionError:
        return 0, b""
    return (int(data.split(b" ", 2)[1]), body) if data else (0, b"")


def sent(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    """Send pieces until the other side has had enough; return how many bytes went."""
    count = 0
    try:
        for piece in pieces:
            connection.sendall(piece)
            count += len(piece)
    except OSError:
        pass
    return count


def chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Frame pieces as chunks."""
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def test_the_limit_itself_is_accepted(watched: Watched) -> None:
    """NA-81: a body of exactly the limit is taken; one byte more is 413, raw and as a form."""
    picture = bombs.photo()
    for spare, status in ((0, 201), (1, 413)):
        data = picture + bytes(LIMIT - len(picture) + spare)
        assert watched.client.post("/v1/uploads", content=data).status_code == status
        assert watched.client.post("/v1/uploads", files={"file": data}).status_code == status
        pieces = (data[at : at + 65536] for at in range(0, len(data), 65536))
        assert watched.client.post("/v1/uploads", content=pieces).status_code == status


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/resize?width=9", "/v1/assets/x"])
def test_too_large_is_said_while_reading(watched: Watched, path: str) -> None:
    """A declared length over the limit is refused before the body, an endless one when the limit is passed."""
    if "assets" in path:
        made = watched.client.post("/v1/flip", content=bombs.photo()).json()
        path = f"/v1/assets/{made['assetId']}"
    method = "PUT" if "assets" in path else "POST"
    with connect(watched) as connection:
        connection.sendall(head(watched, path, f"Content-Length: {1 << 40}", method=method))
        status, body = answer(connection)
        assert (status, json.loads(body)["code"]) == (413, "FILE_TOO_LARGE")
    with connect(watched) as connection:
        connection.sendall(head(watched, path, "Transfer-Encoding: chunked", method=method))
        sent(connection, chunked(repeat(bytes(65536), LIMIT // 65536 + 32)))
        status, body = answer(connection)
        assert (status, json.loads(body)["code"]) == (413, "FILE_TOO_LARGE")
    assert eventually(lambda: not watched.working_folders())


def test_length_that_lies(watched: Watched) -> None:
    """More than was declared is no second request; less is a request that never came."""
    with connect(watched) as connection:
        connection.sendall(head(watched, "/v1/flip", "Content-Length: 3") + b"abc" + b"defgh ijkl\r\n\r\n")
        status, _ = answer(connection)
        assert status in (400, 415)
    with connect(watched) as connection:
        connection.sendall(head(watched, "/v1/flip", "Content-Length: 1000") + b"abc")
        assert eventually(watched.working_folders)
        connection.shutdown(socket.SHUT_WR)
        connection.close()
    assert eventually(lambda: not watched.working_folders())
    for lines in (("Content-Length: 3", "Transfer-Encoding: chunked"), ("Content-Length: -1",), ("Content-Length: x",)):
        with connect(watched) as connection:
            connection.sendall(head(watched, "/v1/flip", *lines) + b"0\r\n\r\n")
            assert answer(connection)[0] in (0, 400)
    assert watched.client.get("/health/live").status_code == 200


@pytest.mark.parametrize("start", [b"", b"GET /health/live?", b"GET /health/live HTTP/1.1\r\nX-Long: "])
def test_a_head_without_end(watched: Watched, start: bytes) -> None:
    """A request line or a header that never ends is cut off, and takes no memory."""
    before = resident_bytes(watched.pid)
    with connect(watched) as connection:
        count = sent(connection, [start, *repeat(b"x" * 65536, 1600)])
    assert count < 16 * MEBIBYTE
    assert resident_bytes(watched.pid) < before + 16 * MEBIBYTE


def test_headers_without_end(watched: Watched) -> None:
    """So are many short headers, before a body and after it."""
    before = resident_bytes(watched.pid)
    lines = [b"".join(b"X-%d: y\r\n" % number for number in range(5000))] * 1000
    for start in (
        b"GET /health/live HTTP/1.1\r\n",
        head(watched, "/v1/flip", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n",
    ):
        with connect(watched) as connection:
            assert sent(connection, [start, *lines]) < 16 * MEBIBYTE
    assert resident_bytes(watched.pid) < before + 24 * MEBIBYTE


def test_ten_thousand_parts(watched: Watched) -> None:
    """A form of 100 MB in ten thousand parts is refused at its limits, in any spelling, in flat memory."""
    watched.client.post("/v1/flip", files={"file": bombs.photo()})
    before = resident_bytes(watched.pid)
    for disposition in ('name="file"; filename="a.jpg"', 'name="note"', 'name="files[]"; filename=""'):
        part = f"--XX\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + bytes(10_000) + b"\r\n"
        body = (part * 100 for _ in range(100))
        headers = {"Content-Type": "multipart/form-data; boundary=XX"}
        response = watched.client.post("/v1/resize", content=body, headers=headers)
        problem(response, 413, "FILE_TOO_LARGE")
    assert resident_bytes(watched.pid) < before + 32 * MEBIBYTE
    assert eventually(lambda: not watched.working_folders())


@pytest.mark.parametrize(
    "body",
    [
        b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + b"x" * 100_000,
        b"x" * 1_000_000,
        b"--XX\r\n" * 5000,
        b"--XX\r\nContent-Disposition: form-data; " + b'name="file"; ' * 3000 + b"\r\n\r\nx\r\n--XX--",
        b"--XX\r\n" + b"A: b\r\n" * 100_000 + b"\r\nx\r\n--XX--",
        b"--XX\r\nContent-Disposition: form-data; name*=utf-8''%ff%fe\r\n\r\nx\r\n--XX--",
    ],
)  # fmt: skip
def test_forms_that_are_none(watched: Watched, body: bytes) -> None:
    """Without an end, without a beginning, all boundary, all header: 4xx."""
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    response = watched.client.post("/v1/flip", content=body, headers=headers)
    assert response.status_code in (400, 413, 422), response.text


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        (b'name="file"; filename="\xff\xfe.jpg"', None),
        (b'name="file"; filename="a\r\nX-Evil: 1.jpg"', None),
        (b'name="file"; filename="a%0d%0aX-Evil: 1.jpg"', None),
        (b'name="file"; filename="a\x00b.jpg"', None),
        (b'name="file"; filename="' + b"n" * 2000 + b'.jpg"', None),
        (b'name="file"; filename="../../etc/passwd"', "passwd.jpg"),
        (b'name="file"; filename="C:\\temp\\a.jpg"', "a.jpg"),
        ('name="file"; filename="\u202egpj.exe"'.encode(), "gpj.jpg"),
        ('name="file"; filename="\U0001f600 \u00e9.png"'.encode(), "\U0001f600 \u00e9.jpg"),
    ],
)
def test_names_do_not_become_headers(watched: Watched, disposition: bytes, expected: str | None) -> None:
    """NC-12: a part's name, however strange, is refused or cleaned; the answer has the headers it should have."""
    body = b"--XX\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + bombs.photo() + b"\r\n--XX--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=XX", "Accept": "image/*"}
    response = watched.client.post("/v1/flip", content=body, headers=headers)
    assert response.status_code in (200, 400, 413), response.text
    assert "x-evil" not in response.headers
    if expected is not None:
        listed = watched.client.get("/v1/assets", params={"limit": 1}).json()["assets"][0]
        assert listed["filename"] == expected
    if response.status_code == 200:
        assert "\r" not in response.headers["content-disposition"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"source":' * 1_000_000,
        b'{"source":{"base64":"eA=="},"metadata":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"source":{"base64":"eA=="},"width":' + b"9" * 1_000_000 + b"}",
        b'{"source":{"base64":"eA=="},"width":1e999999999}',
        b'{"source":{"base64":"\xff\xfe"},"width":5}',
        b'{"source":{"base64":"eA=="},"width":5,"width":"\\ud800"}',
        b'{"source":{"base64":"eA=="},' + b",".join(b'"k%d":1' % number for number in range(100_000)) + b"}",
        b'{"source":{"url":"http://' + b"a" * 1_000_000 + b'/"},"width":5}',
        b'{"sources":[' + b'{"base64":"eA=="},' * 100_000 + b'{"base64":"eA=="}],"width":5}',
    ],
)
def test_strange_json(watched: Watched, body: bytes) -> None:
    """Deep, wide, huge or wrongly encoded JSON is a 4xx, and its answer is no larger than it has to be."""
    headers = {"Content-Type": "application/json"}
    response = watched.client.post("/v1/resize", content=body, headers=headers)
    assert response.status_code in (400, 413, 415, 422), response.text[:300]
    assert len(response.content) < 256 << 10
    assert response.elapsed.total_seconds() < 5


def test_a_huge_base64(watched: Watched) -> None:
    """Base64 over the limit is 413, JSON over its own limit too."""
    data = base64.b64encode(bombs.photo() + bytes(LIMIT)).decode()
    response = watched.client.post("/v1/flip", json={"source": {"base64": data}})
    problem(response, 413, "FILE_TOO_LARGE")
    response = watched.client.post("/v1/flip", json={"source": {"base64": data * 4}})
    problem(response, 413, "FILE_TOO_LARGE")
    response = watched.client.post("/v1/flip", json={"source": {"base64": "data:," + "x" * (LIMIT + 1)}})
    problem(response, 413, "FILE_TOO_LARGE")


@pytest.mark.parametrize("text", ["\u00e5", "b\U000209ae", "A", "====", "\x00", "data:;base64,\u00e5", "data:", "%%%"])
def test_what_is_no_base64(watched: Watched, text: str) -> None:
    """NA-24: any text that is not base64, in whatever script, is a fault of the field."""
    response = watched.client.post("/v1/flip", json={"source": {"base64": text}})
    assert pointers(problem(response, 422, "INVALID_PARAMETER")) == {"#/source/base64"}


@pytest.mark.parametrize(
    "query",
    ["&".join(f"a{number}=1" for number in range(5000)), "width=5&" * 3000, "width=%ff", "a" * 50_000, "&" * 20_000],
)
def test_strange_queries(watched: Watched, query: str) -> None:
    """Many, repeated, long and wrongly encoded fields are a 4xx."""
    response = watched.client.post(f"/v1/resize?{query}", content=bombs.photo())
    assert response.status_code in (400, 422), response.text[:300]
    assert len(response.content) < 256 << 10


@pytest.mark.parametrize("piece", [b"<!---->", b"<??>", b"<!DOCTYPE[]>", b" ", b"<!--"])
def test_nothing_to_sniff_stops_the_server(watched: Watched, piece: bytes) -> None:
    """Uploads are sniffed in the web process: no content keeps it busy."""
    response = watched.client.post("/v1/uploads", content=piece * 1000 + b"x")
    assert response.status_code in (201, 415), response.text
    assert response.elapsed.total_seconds() < 2


def test_a_slow_sender_blocks_nobody(watched: Watched) -> None:
    """Fifty senders who drip their bodies hold no worker: others are served as fast as ever."""
    with ExitStack() as drips:
        for _ in range(50):
            drip = drips.enter_context(connect(watched))
            drip.sendall(head(watched, "/v1/flip", "Content-Length: 100000") + b"\xff\xd8\xff")
        started = time.monotonic()
        for _ in range(5):
            assert watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200
        assert time.monotonic() - started < 5
        assert watched.admitted() == 0
    assert eventually(lambda: not watched.working_folders())


def test_leaving_in_the_middle_of_the_body(watched: Watched) -> None:
    """A client who hangs up while it sends leaves nothing behind, whichever form the body has."""
    form = "Content-Type: multipart/form-data; boundary=XX"
    part = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for path, line, begun in (
        ("/v1/flip", "Content-Type: image/jpeg", b"\xff\xd8\xff" * 100_000),
        ("/v1/flip", form, part + b"x" * 100_000),
        ("/v1/flip", "Content-Type: application/json", b'{"source":'),
        ("/v1/uploads", form, part + b"x" * 100_000),
    ):
        with connect(watched) as connection:
            connection.sendall(head(watched, path, line, "Content-Length: 900000") + begun)
            assert eventually(watched.working_folders)
        assert eventually(lambda: not watched.working_folders())
    text = Path(watched.server.log.name).read_text()
    assert '"status":499' in text.replace(" ", "")
    assert "unexpected_error" not in text


def test_leaving_in_the_middle_of_the_work(watched: Watched) -> None:
    """Work that nobody waits for any more is stopped: its worker is free, its folder and its key are too."""
    before, stored = watched.workers(), len(watched.stored())
    body = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n--XX--\r\n'
    lines = ("Content-Type: multipart/form-data; boundary=XX", f"Content-Length: {len(body)}", "Idempotency-Key: left")
    for _ in range(2):  # the key is not held by the one who left
        with connect(watched) as connection:
            connection.sendall(head(watched, "/v1/nap", *lines) + body)
            assert eventually(lambda: watched.admitted() == 1)
        assert eventually(lambda: watched.admitted() == 0, 4)
    assert eventually(lambda: not watched.working_folders())
    assert eventually(lambda: len(watched.workers()) == len(before) and watched.workers() != before)
    assert len(watched.stored()) == stored
    assert watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200


def test_leaving_in_the_middle_of_the_answer(watched: Watched) -> None:
    """A client who does not take its answer stops nobody; the result is whole in the store."""
    picture = bombs.photo(".png")
    with connect(watched) as connection:
        lines = (f"Content-Length: {len(picture)}", "Accept: image/*")
        connection.sendall(head(watched, "/v1/resize?width=3000&format=png", *lines) + picture)
        connection.recv(100)
    listed = watched.client.get("/v1/assets", params={"limit": 1}).json()["assets"][0]
    found = watched.client.get(f"/v1/assets/{listed['assetId']}")
    assert len(found.content) == listed["sizeBytes"] > MEBIBYTE
    assert eventually(lambda: not watched.working_folders())


@pytest.mark.slow
def test_two_gigabytes_in_little_memory(watch: Watch, tmp_path: Path) -> None:
    """A body of 2 GiB streams to disk: the web process stays below 150 MB, and nothing remains of it."""
    plans = tmp_path / "plans.yaml"
    plans.write_text("enterprise: {}\n")  # the shipped one takes files of 1 GiB
    watched = watch(workers="1", plans_file=str(plans))
    # What runs jobs is imported when the server answers already: here it has been.
    headers = {"Prefer": "wait=30"}
    assert watched.client.post("/v1/picture-info", content=bombs.png(8, 8, bombs.zeros(1)), headers=headers)
    stored = set(watched.stored())
    size = 2 << 30
    picture = bombs.png(16, 16, bombs.zeros(1))
    piece = bytes(4 * MEBIBYTE)
    before = peak = private_bytes(watched.pid)

    def pieces() -> Iterator[bytes]:
        nonlocal peak
        yield picture
        left = size - len(picture)
        while left:
            peak = max(peak, private_bytes(watched.pid))
            yield piece[:left]
            left -= min(left, len(piece))

    with httpx.Client(base_url=watched.server.address, timeout=120) as client:
        headers = {"X-API-Key": watched.server.key, "Content-Length": str(size)}
        kept = client.post("/v1/uploads", content=pieces(), headers=headers)
        assert kept.status_code == 201, kept.text
        assert kept.json()["sizeBytes"] == size
        peak = max(peak, private_bytes(watched.pid))
        assert client.delete(kept.headers["location"], headers={"X-API-Key": watched.server.key}).status_code == 204
    assert peak < 150_000_000
    assert peak < before + 24 * MEBIBYTE
    assert set(watched.stored()) <= stored
    assert eventually(lambda: not watched.working_folders())

"""A server with an address of its own for results, at the root and by host name, with small limits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pyvips

from filagram_wire import DELIVERY, LIFETIME, LIMIT, client_of, done, moment, new_key, opened, refused
from live import LiveServer

RESIZED = ("url", "width", "height", "size")


@pytest.fixture
def client(deployed: LiveServer) -> Iterator[httpx.Client]:
    """A client at the root."""
    with client_of(deployed, new_key(deployed), prefix="") as made:
        yield made


@pytest.fixture(scope="session")
def square() -> bytes:
    """A JPEG of 64x64."""
    return bytes(pyvips.Image.black(64, 64).jpegsave_buffer())


def padded(data: bytes, size: int) -> bytes:
    """Return a picture with so many bytes after its end that it has a size."""
    return data + bytes(size - len(data))


@pytest.mark.parametrize("host", ["", "api.example.test", "api.example.test:8443"])
@pytest.mark.parametrize("prefix", ["", "/filagram"])
def test_results_at_their_own_address(
    deployed: LiveServer, client: httpx.Client, square: bytes, host: str, prefix: str
) -> None:
    """DX-01, FG-08: however the request came, results are at the delivery origin; it serves them."""
    headers = {"Host": host} if host else {}
    path = f"{prefix}/api/v1/resize"
    answer = client.post(path, files={"file": square}, data={"width": "16"}, headers=headers)
    if host and prefix:
        refused(answer, 404, "NOT_FOUND")
        return
    body = done(answer, *RESIZED)
    assert body["url"].startswith(f"{DELIVERY}/output/")
    result = httpx.get(deployed.address + body["url"].removeprefix(DELIVERY), headers={"Host": "files.example.test"})
    assert opened(result.content).width == 16


def test_lifetime(deployed: LiveServer, client: httpx.Client, square: bytes) -> None:
    """FG-10: the lifetime is configurable; what has expired is 404."""
    before = datetime.now(UTC).replace(microsecond=0)
    body = done(client.post("/api/v1/resize", files={"file": square}, data={"width": "16"}), *RESIZED)
    expires = moment(body["expires_at"])
    assert before + timedelta(seconds=LIFETIME) <= expires <= datetime.now(UTC) + timedelta(seconds=LIFETIME)
    with sqlite3.connect(deployed.data / "filemill.db", timeout=30) as database:
        database.execute("UPDATE files SET expires_at = created_at WHERE id = ?", [Path(body["url"]).stem])
    refused(client.get(body["url"].removeprefix(DELIVERY)), 404, "NOT_FOUND")


def test_a_file_at_the_limit(client: httpx.Client, square: bytes) -> None:
    """FG-63, DX-16, DX-17: exactly at the limit is accepted, one byte more is 413."""
    path, data = "/api/v1/resize", {"width": "16"}
    done(client.post(path, files={"file": padded(square, LIMIT)}, data=data), *RESIZED)
    refused(client.post(path, files={"file": padded(square, LIMIT + 1)}, data=data), 413, "FILE_TOO_LARGE")


def test_parts_together(client: httpx.Client, square: bytes) -> None:
    """FG-37: the limit is one of the parts of a merge together too."""
    half = padded(b"%PDF-1.4", LIMIT // 2)
    files = [("files[]", ("a.pdf", half)), ("files[]", ("b.pdf", half)), ("files[]", ("c.pdf", b"%"))]
    refused(client.post("/api/v1/merge-pdf", files=files), 413, "FILE_TOO_LARGE")
    refused(client.post("/api/v1/merge-pdf", files=files[:2]), 422, "INVALID_FILE")


def test_size_is_measured_while_it_comes(client: httpx.Client) -> None:
    """DX-08: a chunked body past the limit is 413, a form and any other."""

    def endless(start: bytes) -> Iterator[bytes]:
        yield start
        yield from [bytes(65536)] * 40

    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    for start, media_type in ((head, "multipart/form-data; boundary=b"), (b"{", "application/json")):
        response = client.post("/api/v1/compress", content=endless(start), headers={"Content-Type": media_type})
        refused(response, 413, "FILE_TOO_LARGE")


def test_size_comes_before_the_rest(deployed: LiveServer, client: httpx.Client) -> None:
    """FG-68: 401 before 413, 413 before 400 and 422."""
    files = {"file": bytes(LIMIT + 1)}
    refused(client.post("/api/v1/compress", files=files, data={"quality": "0"}), 413, "FILE_TOO_LARGE")
    refused(client.post("/api/v1/convert", files=files), 413, "FILE_TOO_LARGE")
    with client_of(deployed, "", prefix="") as nobody:
        refused(nobody.post("/api/v1/compress", files=files), 401, "UNAUTHORIZED")


def test_pixels(client: httpx.Client) -> None:
    """FG-32, FG-64: a picture over the server's pixels is 422; an enlargement over them is 400."""
    large = pyvips.Image.black(1001, 1000).jpegsave_buffer()
    refused(client.post("/api/v1/compress", files={"file": large}), 422, "INVALID_FILE")
    small = {"file": pyvips.Image.black(100, 100).jpegsave_buffer()}
    body = done(client.post("/api/v1/resize", files=small, data={"width": "1000"}), *RESIZED)
    assert (body["width"], body["height"]) == (1000, 1000)
    refused(client.post("/api/v1/resize", files=small, data={"width": "1001"}), 400, "BAD_REQUEST")


def test_pages_of_other_origins(client: httpx.Client, square: bytes) -> None:
    """DX-14: switched on, a preflight allows the key's header, and answers expose theirs, those of errors as well."""
    origin = {"Origin": "https://shop.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = client.options("/api/v1/resize", headers={**origin, **asked})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower().split(", ")
    good = client.post("/api/v1/resize", files={"file": square}, data={"width": "16"}, headers=origin)
    bad = client.post("/api/v1/resize", files={"file": square}, headers=origin)
    assert (good.status_code, bad.status_code) == (200, 400)
    for answer in (good, bad, client.get(good.json()["url"].removeprefix(DELIVERY), headers=origin)):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Retry-After", "X-RateLimit-Limit", "X-File-Name", "Content-Disposition"} <= set(exposed)

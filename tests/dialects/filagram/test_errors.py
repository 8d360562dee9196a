"""The table of errors: FG-60…FG-64, FG-66…FG-68, DX-06; and requests that nobody should send."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import RequestFactory

import bombs
from filagram_wire import client_of, done, form, refused
from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.filagram.refusals import refuse
from live import LiveServer

COMPRESS = "/api/v1/compress"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'


def test_unknown_paths(filagram: httpx.Client, server: LiveServer) -> None:
    """FG-67: what is not there is 404, with a key and without."""
    for path in ("/", "/api/v1", "/api/v2/compress", "/api/v1/rotate", "/api/v1/compress/x", "/output", "/v1/assets"):
        refused(filagram.get(path), 404, "NOT_FOUND")
        refused(filagram.post(path, files={"file": b"x"}), 404, "NOT_FOUND")
    with client_of(server, "") as client:
        refused(client.get("/api/v1/rotate"), 404, "NOT_FOUND")


def test_results_are_only_read(filagram: httpx.Client) -> None:
    """FG-67: a result's URL takes `GET` and `HEAD`."""
    response = filagram.delete("/output/x.jpg")
    refused(response, 405, "METHOD_NOT_ALLOWED")
    assert {"GET", "HEAD"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", "image/jpeg", ""])
def test_what_is_no_form(filagram: httpx.Client, photo: Path, media_type: str) -> None:
    """FG-01, FG-61: another body than `multipart/form-data` is 400."""
    response = filagram.post(COMPRESS, content=photo.read_bytes(), headers={"Content-Type": media_type})
    assert "multipart/form-data" in refused(response, 400, "BAD_REQUEST")


@pytest.mark.parametrize("data", [b"no picture", b"\x00" * 4000, b"\xff\xd8\xff\xe0", b"GIF89a"])
def test_unsupported_and_undecodable(filagram: httpx.Client, data: bytes) -> None:
    """FG-60, FG-64: what can't be decoded is 422."""
    refused(filagram.post(COMPRESS, files={"file": ("a.jpg", data, "image/jpeg")}), 422, "INVALID_FILE")


def test_cut_short(filagram: httpx.Client, photo: Path) -> None:
    """FG-64: half a picture is 422."""
    half = photo.read_bytes()[: photo.stat().st_size // 2]
    for operation, data in (("compress", {}), ("convert", {"to": "png"}), ("resize", {"width": "40"})):
        response = filagram.post(f"/api/v1/{operation}", files={"file": half}, data=data)
        refused(response, 422, "INVALID_FILE")


def test_over_the_pixel_limit(filagram: httpx.Client) -> None:
    """FG-64: a picture of too many pixels is 422 by its header."""
    data = bombs.png(65536, 65536, zlib.compress(b"\x00" * 1000))
    refused(filagram.post(COMPRESS, files={"file": data}), 422, "INVALID_FILE")


def test_parameters_come_before_the_file(filagram: httpx.Client) -> None:
    """FG-68: of a wrong parameter and a wrong file the parameter is told."""
    bad = {"file": b"nothing that is read"}
    for operation, data in (
        ("compress", {"quality": "0"}),
        ("convert", {}),
        ("resize", {}),
        ("split-pdf", {"pages": "x"}),
        ("ocr", {"language": "xx"}),
    ):
        refused(filagram.post(f"/api/v1/{operation}", files=bad, data=data), 400, "BAD_REQUEST")


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_has_a_row(code: ErrorCode) -> None:
    """FG-60, FG-66, DX-06: whatever goes wrong has a code of Filagram's, 500 where nothing else is meant."""
    response = refuse(RequestFactory().get("/"), FilemillError(code, "What was wrong.", retry_after=7))
    assert response.status_code in (400, 401, 404, 405, 413, 416, 422, 429, 500)
    assert response.headers["Retry-After"] == "7"
    names = {400: b"BAD_REQUEST", 401: b"UNAUTHORIZED", 413: b"FILE_TOO_LARGE", 422: b"INVALID_FILE"}
    names |= {429: b"RATE_LIMITED", 500: b"INTERNAL_ERROR"}
    assert b'"code":"%s"' % names.get(response.status_code, code.name.encode()) in response.content
    assert (response.status_code == 500) is (code.status >= 500 or code in UNMEANT)


UNMEANT = (
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.SOURCE_FORBIDDEN,
    ErrorCode.CONFLICT,
    ErrorCode.PRECONDITION_FAILED,
    ErrorCode.SOURCE_UNREACHABLE,
    ErrorCode.TARGET_UNREACHABLE,
    ErrorCode.CHECKSUM_MISMATCH,
)
"""Errors of what Filagram has not: credits, sources by URL, conditions, sizes to aim at."""

Send = Callable[[httpx.Client], httpx.Response]


def posted(**request: Any) -> Send:
    """Send a request to `compress`."""
    return lambda client: client.post(COMPRESS, **request)


def got(path: str) -> Send:
    """Ask for a path."""
    return lambda client: client.get(path)


def texts(**data: str) -> Send:
    """Send texts with a good picture."""
    return posted(files={"file": bombs.photo()}, data=data)


HOSTILE: dict[str, tuple[Send, int]] = {
    "null in the path": (got("/api/v1/compress%00"), 404),
    "null in a result": (got("/output/a%00.jpg"), 404),
    "double encoding": (got("/api%252Fv1%252Fcompress"), 404),
    "traversal": (got("/output/..%2f..%2f..%2fetc%2fpasswd"), 404),
    "traversal twice encoded": (got("/output/%252e%252e%252fsecret.jpg"), 404),
    "not utf-8 in the path": (got("/output/%ff%fe.jpg"), 404),
    "endless name": (got("/output/" + "a" * 6000 + ".jpg"), 404),
    "foreign id": (got("/output/" + "A" * 43 + ".jpg"), 404),
    "quoted id": (got("/output/'%20or%201=1--.jpg"), 404),
    "unknown method": (lambda client: client.request("PROPFIND", COMPRESS), 405),
    "no boundary": (posted(content=b"--b--", headers={"Content-Type": "multipart/form-data"}), 400),
    "endless boundary": (
        posted(content=b"x", headers={"Content-Type": "multipart/form-data; boundary=" + "b" * 500}),
        400,
    ),
    "another boundary": (posted(content=b"--c\r\n\r\n--c--\r\n", headers=MULTIPART), 400),
    "cut short in a part": (posted(content=PART + b"\xff\xd8\xff", headers=MULTIPART), 400),
    "cut short in a header": (posted(content=PART[:30], headers=MULTIPART), 400),
    "nothing": (posted(content=b"", headers=MULTIPART), 400),
    "a part without a name": (
        posted(content=PART.replace(b' name="file";', b"") + b"x\r\n--b--\r\n", headers=MULTIPART),
        400,
    ),
    "many parts": (posted(files=[("file", (f"{number}.jpg", b"x")) for number in range(1500)]), 413),
    "endless text": (texts(quality="8" * (2 << 20)), 413),
    "text that is not utf-8": (posted(files={"file": bombs.photo(), "quality": (None, b"\xff\xfe")}), 400),
    "deep json": (posted(content=b"[" * 200_000, headers={"Content-Type": "application/json"}), 400),
    "deep json as text": (texts(quality="[" * 20_000), 400),
    "huge number": (texts(quality="1" + "0" * 5000), 400),
    "null in a text": (texts(format="png\x00"), 400),
    "not a number": (texts(quality="NaN"), 400),
    "an array": (posted(files={"file": bombs.photo()}, data={"quality[]": "5", "format": "[]"}), 400),
    "gzip that is none": (posted(content=b"\x1f\x8b", headers={**MULTIPART, "Content-Encoding": "gzip"}), 400),
    "size that is a lie": (posted(files={"file": bombs.sized(bombs.photo(), 60000, 60000)}), 422),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_requests(filagram: httpx.Client, what: str) -> None:
    """DX-06, FG-61, FG-67: unknown, malformed and hostile requests get an error of Filagram's, and no 5xx."""
    send, status = HOSTILE[what]
    codes = {
        400: "BAD_REQUEST",
        404: "NOT_FOUND",
        405: "METHOD_NOT_ALLOWED",
        413: "FILE_TOO_LARGE",
        422: "INVALID_FILE",
    }
    refused(send(filagram), status, codes[status])


@pytest.mark.parametrize(
    "value",
    [b"Bearer sk_live_\xff\xfe", b"Bearer sk_live_" + b"x" * 5000, b"Bearer", b"Bearer ?", b"bearer\tsk_live_x"],
)
def test_hostile_keys(server: LiveServer, value: bytes) -> None:
    """FG-62: whatever stands where a key should is 401."""
    with client_of(server, "") as client:
        response = client.post(COMPRESS, files={"file": b"x"}, headers=[(b"Authorization", value)])
        refused(response, 401, "UNAUTHORIZED")


def test_hostile_file_names(filagram: httpx.Client, photo: Path) -> None:
    """DX-06: a name that means harm is no error, and nothing of it goes into a header."""
    for name in ("../../etc/passwd", 'a"; filename="b.exe', "a\u202egpj.exe", "x" * 3000):
        response = filagram.post("/api/v1/resize", files={"file": (name, photo.read_bytes())}, data={"width": "8"})
        url = done(response, "url", "width", "height", "size")["url"]
        disposition = httpx.get(url).headers["content-disposition"]
        assert "/" not in disposition.partition("filename*")[0]
        assert disposition.count('"') == 2
        assert len(disposition) < 2000


def test_options_names_the_methods(filagram: httpx.Client) -> None:
    """DX-14: without CORS a preflight is answered as any `OPTIONS`, and allows no other origin."""
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    response = filagram.options(COMPRESS, headers=headers)
    assert response.status_code == 204
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert "access-control-allow-origin" not in filagram.post(COMPRESS, files=form(Path(__file__))).headers

"""Transport, auth, names, errors and rate headers (IX-01…IX-07, IX-95…IX-98)."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from litestar import Request

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.imgstax.answers import refuse
from filemill_server.wire import HttpRequest
from imgstax_client import Imgstax, photo, refused

ENDPOINTS = ("compress", "convert", "compress-to-size", "resize", "downsize", "process", "packs/tiktok")
WORK: dict[str, dict[str, Any]] = {
    "compress": {},
    "convert": {"format": "Webp"},
    "compress-to-size": {"maxSizeBytes": 20_000},
    "resize": {"width": 90},
    "downsize": {"maxWidth": 90, "maxHeight": 90},
    "process": {"resize": {"width": 90}},
    "packs/tiktok": {},
}


def test_key_is_needed_everywhere(imgstax: Imgstax) -> None:
    """IX-01: `X-API-Key` on every request; without it, or with a wrong or another's one, 401."""
    body = {"source": imgstax.source(photo()), **WORK["convert"]}
    for endpoint in ENDPOINTS:
        for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": "nonsense"}, {"Authorization": f"Bearer {imgstax.key}"}):
            answer = httpx.post(f"{imgstax.base}/{endpoint}", headers=headers, json=body)
            refused(answer, 401)
            assert "x-ratelimit-limit" not in answer.headers


def test_keys_come_and_go(imgstax: Imgstax) -> None:
    """IX-01, DX-05: a key is made at will and ends when it is revoked; one of another dialect is unknown."""
    server = imgstax.server
    made = server.command("keys", "create", "--name", "guest", "--dialect", "imgstax")
    body = {"source": {"url": "http://127.0.0.1:1/"}}
    with Imgstax(server, key=made.stdout.strip()) as own:
        refused(own.post("compress", **body), 400)
        server.command("keys", "revoke", made.stderr.split()[1])
        time.sleep(1.1)  # so long another process's answer is believed
        refused(own.post("compress", **body), 401)
    other = server.new_key("guest", dialect="filagram")
    with Imgstax(server, key=other) as foreign:
        refused(foreign.post("compress", **body), 401)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_endpoints(imgstax: Imgstax, endpoint: str) -> None:
    """IX-02, IX-03, IX-04, DX-12: JSON in, the result at once, 200 and JSON out."""
    answer = imgstax.post(endpoint, photo(), **WORK[endpoint])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-request-id"]
    assert imgstax.get(answer.json()).content[:1]


@pytest.mark.parametrize("written", ["WebP", "Webp", "webp", "WEBP"])
def test_case_does_not_matter(imgstax: Imgstax, written: str) -> None:
    """IX-05: names and values in any case come in, the canonical spelling goes out."""
    made = imgstax.made("convert", photo(), FORMAT=written, Quality=50)
    assert made.body["format"] == "Webp"
    assert made.data == imgstax.made("convert", photo(), format="Webp", quality=50).data
    source = {key.upper(): value for key, value in imgstax.source(photo()).items()}
    body = {"SOURCE": source, "Resize": {"WIDTH": 200, "Height": 200, "FIT": "fitblurbackground"}}
    body |= {"Format": {"Type": written, "TargetFileSizeBytes": 9000}, "OUTPUT": {"TTLSeconds": 90, "PUBLIC": False}}
    said = imgstax.http.post(f"{imgstax.base}/process", json=body).json()
    assert (said["format"], said["width"], said["height"]) == ("Webp", 200, 200)
    assert said["sizeBytes"] <= 9000
    assert httpx.get(said["url"]).status_code == 401


def test_unknown_properties_are_ignored(imgstax: Imgstax) -> None:
    """IX-06: at every level."""
    output = {"ttlSeconds": 60, "folder": "x"}
    body = {"resize": {"width": 60, "radius": 7}, "effects": {"sepia": 1, "pad": {"all": 9}}, "output": output}
    assert imgstax.made("process", photo(), **body, format={"type": "Png", "dither": []}, steps=[]).size == (60, 40)


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b'"x"', b"null", b"{", b"{'a':1}", b"\xff\xfe", b'{"a":1}{}'])
def test_body_must_be_an_object(imgstax: Imgstax, content: bytes) -> None:
    """IX-06: anything else is 400."""
    refused(imgstax.http.post(f"{imgstax.base}/compress", content=content), 400, "JSON")


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
def test_content_type_does_not_matter(imgstax: Imgstax, type_: str) -> None:
    """IX-07: a wrong `Content-Type` with valid JSON is tolerated."""
    content = httpx.Request("POST", "http://x", json={"source": imgstax.source(photo())}).content
    answer = imgstax.http.post(f"{imgstax.base}/compress", content=content, headers={"Content-Type": type_})
    assert answer.status_code == 200, answer.text


def test_error_body(imgstax: Imgstax) -> None:
    """IX-95, IX-96, IX-97, DX-06: `error`, `message`, `code`; 400, 401 and 404 each with its own."""
    assert refused(imgstax.post("compress"), 400).startswith("source is missing")
    refused(imgstax.http.get(f"{imgstax.base}/assets/{'a' * 43}"), 404)
    refused(imgstax.http.get(f"{imgstax.server.address}/imgstax/v2/compress"), 404)


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        (ErrorCode.OVERLOADED, 500, "INTERNAL_ERROR"),
        (ErrorCode.INTERNAL_ERROR, 500, "INTERNAL_ERROR"),
        (ErrorCode.DEADLINE_EXCEEDED, 500, "INTERNAL_ERROR"),
        (ErrorCode.FORBIDDEN, 401, "UNAUTHORIZED"),
        (ErrorCode.QUOTA_EXCEEDED, 429, "RATE_LIMITED"),
        (ErrorCode.CONFLICT, 400, "INVALID_REQUEST"),
        (ErrorCode.FILE_TOO_LARGE, 400, "INVALID_REQUEST"),
    ],
)
def test_every_error_has_a_status_of_the_service(code: ErrorCode, status: int, word: str) -> None:
    """IX-96, IX-97, DX-06: whatever goes wrong has one of its statuses and codes; when to try again is told."""
    request: HttpRequest = Request({"type": "http", "method": "POST", "path": "/", "headers": []})
    answer = refuse(request, FilemillError(code, "Why.", retry_after=7))
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    said = json.loads(answer.content)
    assert (said["code"], said["message"], set(said)) == (word, "Why.", {"error", "message", "code"})


def test_rate_headers(imgstax: Imgstax) -> None:
    """IX-98: limit, what remains and when it begins anew, on every answer to a key, refusals too."""
    made = imgstax.post("compress", photo())
    answers = [
        made,
        imgstax.post("compress", photo(), quality=999),
        imgstax.post("packs/myspace", photo()),
        imgstax.get(made.json()),
        imgstax.http.get(f"{imgstax.base}/assets/nothing"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 200, 404]
    for answer in answers:
        limit, remaining, reset = (
            int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset")
        )
        assert 0 < remaining <= limit < 1 << 31
        assert 0 < reset - time.time() <= 61
    assert "x-ratelimit-limit" not in httpx.get(made.json()["url"]).headers

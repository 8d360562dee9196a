"""Unknown, malformed and hostile requests: each has this service's own error body, and none a 5xx (DX-06)."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from imgstax_client import Imgstax, photo, refused

DEEP = 5000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/compress", 404),
        ("PUT", "/v1/resize", 404),
        ("DELETE", "/v1/assets/abc", 404),
        ("PATCH", "/v1/packs/tiktok", 404),
        ("POST", "/v1/assets/abc", 404),
        ("POST", "/v1/unknown", 404),
        ("POST", "/v1/compress/extra", 404),
        ("POST", "/compress", 404),
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/assets", 404),
        ("GET", "/v1/assets/%00", 404),
        ("GET", "/v1/assets/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v1/assets/%252e%252e%252f", 404),
        ("GET", f"/v1/assets/{'A' * 3000}", 404),
        ("GET", "/v1/assets/%ff%fe", 404),
        ("POST", "/v1/packs/%2e%2e", 404),
        ("POST", "/v1/packs/tik%00tok", 404),
        ("POST", "/v1/packs/tik%2ftok", 404),
        ("GET", "/v1/operations", 404),
    ],
)
def test_paths_and_methods(imgstax: Imgstax, method: str, path: str, status: int) -> None:
    """IX-03, IX-96: whatever is not one of the endpoints is 404, and says so in this service's words."""
    url = urlsplit(imgstax.server.address)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=20) as connection:
        head = f"{method} /imgstax{path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {imgstax.server.key}\r\n"
        connection.sendall(f"{head}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    head_, _, body = raw.partition(b"\r\n\r\n")
    said = json.loads(body)
    assert (int(head_.split()[1]), said["code"], said["error"]) == (status, "NOT_FOUND", "Not Found"), raw[:200]
    assert set(said) == {"error", "message", "code"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b"[" * 100_000,
        b'{"metadata":' + b'{"a":' * 60 + b"1" + b"}" * 61,
        b'{"source":{"url":"http://x"},"quality":' + b"9" * 4000 + b"}",
        b'{"source":{"url":"http://x"},"quality":1e999}',
        b'{"source":{"url":"\\ud800"}}',
        b'{"source":{"url":"http://\\u0000/"}}',
        b'{"source":{"uploadId":"\\u0000"}}',
        b'{"source":{"storageKey":"a\\u0000b"}}',
        b'{"source":{"uploadId":"' + b"x" * 100_000 + b'"}}',
        b'{"source":{"url":"' + b"h" * 2_000_000 + b'"}}',
        b'{"source":{"url":7}}',
        b'{"source":"http://x/"}',
        b'{"source":[{"url":"http://x/"}]}',
        b'{"source":{"url":"file:///etc/passwd"}}',
        b'{"source":{"url":"http://[::1"}}',
        b'{"source":{"url":"gopher://x/"}}',
        b'{"source":{"url":"http://user:word@x:99999/"}}',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nab',
        b"source[url]=http://x/",
        b'{"\xff":1}',
        b'{"source":{"url":"http://x"},"output":7}',
    ],
)
@pytest.mark.parametrize("endpoint", ["process"])
def test_bodies(imgstax: Imgstax, endpoint: str, content: bytes) -> None:
    """IX-06, IX-11, IX-96: deep, huge, broken and strange bodies are 400."""
    type_ = "multipart/form-data; boundary=x" if content.startswith(b"--") else "application/json"
    url = f"{imgstax.base}/{endpoint}"
    refused(imgstax.http.post(url, content=content, headers={"Content-Type": type_}), 400)


def test_foreign_ids(imgstax: Imgstax) -> None:
    """IX-12, IX-91: another's upload is 400, another's private asset 404."""
    private = imgstax.post("compress", photo(), output={"public": False}).json()
    with Imgstax(imgstax.server, key=imgstax.server.new_key("stranger")) as other:
        refused(other.post("compress", source=imgstax.source(photo())), 400, "upload")
        refused(other.get(private), 404)
        assert other.get(imgstax.post("compress", photo()).json()).status_code == 200


def test_a_deep_body_under_a_key_of_idempotency(imgstax: Imgstax) -> None:
    """IX-06, IX-33: what is ignored may be as deep as can be read."""
    for depth in (300, 900, 990, 1000):
        deep = "[" * depth + "]" * depth
        source = json.dumps(imgstax.source(photo()))
        content = f'{{"source":{source},"x":{deep},"output":{{"idempotencyKey":"deep-{depth}"}}}}'
        answer = imgstax.http.post(f"{imgstax.base}/compress", content=content)
        assert answer.status_code in (200, 400), answer.text


def test_methods_are_told(imgstax: Imgstax) -> None:
    """IX-97: a method that an endpoint has not is 404 with the methods that it has."""
    answer = httpx.request("GET", f"{imgstax.base}/compress")
    assert (answer.status_code, answer.headers["allow"]) == (404, "OPTIONS, POST")

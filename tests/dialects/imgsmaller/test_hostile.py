"""ImgSmaller: twenty unknown, malformed and hostile requests get its own error body (DX-06)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}
TRUNCATED = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "/api/v1/compress", {}, 405),
        ("DELETE", "/result/" + "0" * 32, {}, 405),
        ("POST", "/download/1", {}, 405),
        ("GET", "/", {}, 404),
        ("GET", "/api/v1/", {}, 404),
        ("GET", "/api/v2/info", {}, 404),
        ("GET", "/result/%2e%2e%2f%2e%2e%2fetc%2fpasswd", {}, 404),
        ("GET", "/result/%2500", {}, 404),
        ("GET", "/download/%00%ff", {}, 404),
        ("GET", "/download/-1", {}, 404),
        ("GET", "/download/1e300", {}, 404),
        ("POST", "/api/v1/compress", {}, 422),
        ("POST", "/api/v1/compress", {"content": b"\xff\xfe", "headers": JSON}, 422),
        ("POST", "/api/v1/compress", {"content": b"[" * 100_000, "headers": JSON}, 422),
        ("POST", "/api/v1/compress", {"content": b'{"a":' * 50_000, "headers": JSON}, 422),
        ("POST", "/api/v1/compress", {"content": b"[]", "headers": JSON}, 422),
        ("POST", "/api/v1/compress", {"json": {"file_base64": {"a": 1}, "target_size": 10**30}}, 422),
        ("POST", "/api/v1/compress", {"content": TRUNCATED, "headers": BOUNDARY}, 422),
        ("POST", "/api/v1/compress", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422),
        ("POST", "/api/v1/compress", {"content": b"file_url=x", "headers": {"Content-Type": "text/plain"}}, 422),
        ("POST", "/api/v1/compress", {"files": {"file": ("a\x00\r\n.png", b"x")}}, 415),
        ("POST", "/api/v1/compress", {"json": {"file_base64": base64.b64encode(b"\x89PNG").decode()}}, 415),
        ("POST", "/api/v1/compress", {"files": [("file", (f"{n}", b"GIF89a")) for n in range(1200)]}, 413),
        ("POST", "/api/v1/compress?target_size=%00", {"json": {"file_url": "http://[::ffff:127.0.0.1]/"}}, 403),
    ],
)
def test_hostile(caller: Any, method: str, path: str, sent: dict[str, Any], status: int) -> None:
    """DX-06, IS-02, IS-50, IS-52: a status of the service and a message, never a trace of what is inside."""
    answer = caller.http.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == ({"message", "errors"} if status == 422 else {"message"})
    assert "Traceback" not in answer.text


def test_options(caller: Any) -> None:
    """DX-14: no other origin is allowed to ask from a browser."""
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    answer = caller.http.request("OPTIONS", "/api/v1/compress", headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]

"""FileWhirl: twenty unknown, malformed and hostile requests get its own error body (DX-06)."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/functions/v1/convert-api"
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}
TRUNCATED = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("DELETE", PATH, {}, 405),
        ("PUT", "/convert-api", {}, 405),
        ("POST", f"{PATH}/output/x", {}, 405),
        ("GET", "/", {}, 404),
        ("GET", "/functions/v1/", {}, 404),
        ("GET", "/functions/v1/other", {}, 404),
        ("GET", f"{PATH}/output/", {}, 404),
        ("GET", f"{PATH}/output/%00?expires=1&signature=x", {}, 403),
        ("GET", f"{PATH}/output/..%2f..%2fetc?expires=-1&signature=%ff", {}, 404),
        ("GET", f"{PATH}/output/..%252fetc?expires=-1&signature=%ff", {}, 403),
        ("GET", f"{PATH}?id=%00&token=%00", {}, 404),
        ("GET", f"{PATH}?id=%2500&token=%252e", {}, 404),
        ("GET", f"{PATH}?id[]=1", {}, 400),
        ("POST", PATH, {"content": b"\xff\xfe", "headers": JSON}, 400),
        ("POST", PATH, {"content": b"[" * 100_000, "headers": JSON}, 400),
        ("POST", PATH, {"content": b'{"a":' * 50_000, "headers": JSON}, 400),
        ("POST", PATH, {"content": TRUNCATED, "headers": BOUNDARY}, 400),
        ("POST", PATH, {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ("POST", PATH, {"content": b"to=jpg", "headers": {"Content-Type": "text/plain"}}, 400),
        ("POST", PATH, {"json": {"to": "jpg" * 10_000, "url": "https://example.com/a"}}, 400),
        ("POST", PATH, {"json": {"to": "jpg", "url": "https://example.com/" + "a" * 9000}}, 400),
        ("POST", PATH, {"json": {"to": "jpg", "url": "http://user:word@example.com/"}}, 400),
        ("POST", PATH, {"json": {"to": "jpg\x00", "url": "https://example.com/a"}}, 400),
        ("POST", PATH, {"files": [("file", (f"{n}", b"GIF89a")) for n in range(1200)], "data": {"to": "jpg"}}, 413),
    ],
)
def test_hostile(caller: Any, method: str, path: str, sent: dict[str, Any], status: int) -> None:
    """DX-06, FW-05: a status of the service and `error`, never a trace of what is inside."""
    answer = caller.http.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    assert answer.headers["x-request-id"], "DX-12"
    assert "Traceback" not in answer.text


def test_addresses_that_are_not_public(caller: Any) -> None:
    """DX-07: an address of the inside is not connected to."""
    for address in ("http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://10.0.0.1/a.png"):
        ended = caller.ended(json={"to": "jpg", "url": address})
        assert ended["status"] == "error"
        assert "10.0.0.1" not in ended["error"]

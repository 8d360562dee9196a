"""Unknown, malformed and hostile requests to the calls of multipart uploads get the dialect's own error body."""

from __future__ import annotations

from typing import Any

import pytest

from filestack_client import Filestack
from filestack_uploads import Upload

JSON = {"Content-Type": "application/json"}
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}
TRUNCATED = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nabc'
GOOD = {"filename": "a", "size": 4}


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "start", {}),
        ("POST", "start", {"content": b"\xff\xfe", "headers": JSON}),
        ("POST", "start", {"content": b"[" * 100_000, "headers": JSON}),
        ("POST", "start", {"content": b'{"a":' * 50_000, "headers": JSON}),
        ("POST", "start", {"content": b"[]", "headers": JSON}),
        ("POST", "start", {"content": b'{"filename":"\\ud800","size":1,"apikey":"KEY"}', "headers": JSON}),
        ("POST", "start", {"content": b"x" * (5 << 20), "headers": JSON}),
        ("POST", "start", {"content": TRUNCATED, "headers": BOUNDARY}),
        ("POST", "start", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
        ("POST", "start", {"files": {"files": ("a", b"x" * 100_000)}}),
        ("POST", "start", {"json": {**GOOD, "size": 10**400}}),
        ("POST", "start", {"json": {**GOOD, "size": -1}}),
        ("POST", "start", {"json": {**GOOD, "filename": "a\0b"}}),
        ("POST", "start", {"json": {**GOOD, "filename": "a" * 2000}}),
        ("POST", "start", {"json": {**GOOD, "store": {"location": "moon"}}}),
        ("POST", "start", {"json": {**GOOD, "store": []}}),
        ("POST", "start", {"json": {**GOOD, "store": {"path": ["a"]}}}),
        ("POST", "start", {"json": {**GOOD, "policy": "e30=", "signature": "\u00e9"}}),
        ("POST", "start", {"json": {**GOOD, "policy": "A" * 20_000, "signature": "0"}}),
        ("POST", "start", {"json": GOOD, "headers": {"Authorization": "Basic !"}}),
        ("POST", "upload", {"json": {"upload_id": "%00" * 100, "part": 1, "size": 1}}),
        ("POST", "upload", {"json": {"upload_id": {"a": 1}, "part": 1, "size": 1}}),
        ("POST", "upload", {"json": {"upload_id": "ID", "part": 1, "size": 1, "md5": "AAAA"}}),
        ("POST", "upload", {"json": {"upload_id": "ID", "part": 1, "size": 1, "offset": 2**70}}),
        ("POST", "upload", {"data": {"upload_id": "ID", "part": "1;DROP", "size": "1"}, "files": {"files": b""}}),
        ("POST", "commit", {"json": {"upload_id": "ID", "part": "one"}}),
        ("POST", "complete", {"json": {"upload_id": "ID", "parts": [{"part_number": 1, "etag": None}]}}),
        ("POST", "complete", {"json": {"upload_id": "ID", "parts": ";;::;1"}}),
        ("POST", "complete", {"json": {"upload_id": "ID", "parts": ";".join(f"{n}:x" for n in range(1, 10_002))}}),
        ("POST", "complete", {"json": {"upload_id": "ID", "upload_tags": {"a": {"b": []}}}}),
        ("POST", "complete", {"data": {"upload_id": "ID", "upload_tags": "[" * 9999}, "files": {"files": b""}}),
        ("POST", "complete", {"json": {"upload_id": "ID\n"}}),
        ("PUT", "parts/x", {"content": b"x"}),
        ("PUT", "parts/%00%ff", {"content": b"x"}),
        ("PUT", "parts/" + "A" * 30_000, {"content": b"x"}),
        ("PUT", "parts/..%2f..%2fetc%2fpasswd", {"content": b"x"}),
        ("PUT", "parts/", {"content": b"x"}),
        ("DELETE", "start", {}),
        ("POST", "parts/x", {}),
        ("POST", "abort", {"json": GOOD}),
    ],
)
def test_hostile(filestack: Filestack, method: str, path: str, sent: dict[str, Any]) -> None:
    """FS-181, FS-184, FS-185, DX-06: a client's mistake is never a 5xx, and nothing of what is inside is told."""
    upload = Upload(filestack)
    if "json" in sent or "data" in sent:
        kind = "json" if "json" in sent else "data"
        body = {"apikey": filestack.key, **sent[kind]}
        if str(body.get("upload_id", "")).startswith("ID"):
            body["upload_id"] = upload.start(4)["upload_id"] + body["upload_id"][2:]
        sent = {**sent, kind: body}
    answer = filestack.http.request(method, f"{filestack.base}/upload/multipart/{path}", **sent)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"], str)
    assert "Traceback" not in answer.text

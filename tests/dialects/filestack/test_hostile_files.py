"""Unknown, malformed and hostile requests to the File API: its own error body, and no 5xx (DX-06, FS-184)."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from filestack_client import Filestack, picture, refused

DEEP = 5000
H = "A" * 20


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/", 404),
        ("GET", "/api/store", 404),
        ("GET", "/api/store/S3", 405),
        ("PATCH", f"/api/file/{H}", 405),
        ("PUT", "/api/store/S3", 405),
        ("GET", f"/api/file/{H}/remove", 405),
        ("POST", f"/api/file/{H}/metadata", 405),
        ("POST", f"/api/store/S3/{H}/more", 404),
        ("GET", f"/api/file/{H}/convert?w=1", 404),
        ("GET", "/api/file/%00", 404),
        ("GET", f"/api/file/{H}%00", 404),
        ("GET", "/api/file/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/api/file/%252e%252e%252f", 404),
        ("GET", f"/api/file/{'A' * 3000}", 404),
        ("GET", "/api/file/%ff%fe", 404),
        ("GET", f"/api/file/{H}+%00", 404),
        ("GET", f"/api/file/{H}?%zz=1", 400),
        ("GET", f"/api/file/{H}?a=%ff", 400),
        ("GET", f"/api/file/{H}?a=%00", 400),
        ("GET", f"/api/file/{H}?" + "a=1&" * 200, 400),
        ("GET", f"/api/file/{H}?policy=abc", 404),
        ("DELETE", f"/api/file/{H}?key=%ed%a0%80", 400),
        ("POST", "/api/store/S3%00?key=KEY", 400),
        ("POST", "/api/store/..%2f?key=KEY", 400),
        ("POST", f"/api/store/{'s' * 3000}?key=KEY", 400),
        ("POST", "/api/store/S3?key=KEY&filename=%0d%0aX-Evil:1", 400),
        ("POST", "/api/store/S3?key=KEY&access=everybody", 400),
        ("POST", "/api/store/S3?key=KEY&base64decode=perhaps", 400),
        ("POST", f"/api/store/S3?key=KEY&path={'p' * 2000}", 400),
        ("POST", "/api/store/S3?key=KEY&policy=%00&signature=%00", 400),
        ("POST", "/api/store/S3?key=KEY&signature=0", 400),
    ],
)
def test_paths_and_queries(filestack: Filestack, method: str, path: str, status: int) -> None:
    """FS-180, FS-182, FS-184, DX-06."""
    url = urlsplit(filestack.server.address)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=20) as connection:
        head = f"{method} /filestack{path.replace('KEY', filestack.key)} HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(f"{head}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = raw.partition(b"\r\n\r\n")[0].decode(), b"", raw.partition(b"\r\n\r\n")[2]
    assert int(head.split()[1]) == status, raw[:300]
    said = json.loads(body)
    assert (said["result"], said["error"]["code"], set(said["error"])) == ("error", status, {"code", "msg"})


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
        ("application/json", b"[" * 100_000),
        ("application/json", b"[]"),
        ("application/json", b"{}"),
        ("application/json", b"{"),
        ("application/json", b""),
        ("application/json", b'{"url":7}'),
        ("application/json", b'{"url":{"url":"http://x/"}}'),
        ("application/json", b'{"url":"\\ud800"}'),
        ("application/json", b'{"url":"http://\\u0000/"}'),
        ("application/json", b'{"url":"http://[::1"}'),
        ("application/json", b'{"url":"http://user:word@x:99999/"}'),
        ("application/json", b'{"url":"http://x/","filename":"\\u0000"}'),
        ("application/json", b'{"\xff":1}'),
        ("application/x-www-form-urlencoded", b"url=gopher%3A%2F%2Fx%2F"),
        ("application/x-www-form-urlencoded", b"url=%ff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1000),
        ("application/x-www-form-urlencoded", b"\x89PNG\r\n"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nab'),
        ("image/png", b""),
    ],
)
def test_bodies(filestack: Filestack, kind: str, content: bytes) -> None:
    """FS-13, FS-180, FS-184: deep, broken, empty and strange bodies are 400."""
    url, query = f"{filestack.base}/api/store/S3", {"key": filestack.key}
    refused(filestack.http.post(url, params=query, content=content, headers={"Content-Type": kind}), 400)


def test_large_small_bodies(filestack: Filestack) -> None:
    """FS-184: what names a URL has no million bytes."""
    url, query = f"{filestack.base}/api/store/S3", {"key": filestack.key}
    refused(filestack.http.post(url, params=query, data={"url": "h" * 2_000_000}), 413)
    refused(filestack.http.post(url, params=query, json={"url": "h" * 2_000_000}), 413)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b\\c.png",
        "\u202egnp.exe",
        '"; evil="1',
        "x" * 900,
        "ä" * 300,
        "at\u202f10\u3000PM.png",
        ". .",
        "CON",
        "%2e%2e",
    ],
)
def test_names(filestack: Filestack, name: str) -> None:
    """FS-18: a name keeps its last part, and nothing that deceives or breaks a header."""
    stored = filestack.store(picture(), filename=name)
    told = stored["filename"]
    assert 0 < len(told) <= 200
    assert not set(told) & set('/\\"\u202e')
    answer = filestack.http.get(filestack.file(stored["handle"]), params={"dl": "true"})
    assert (answer.status_code, answer.content) == (200, picture())
    assert answer.headers["content-disposition"].count("filename=") == 1


def test_two_files_and_none(filestack: Filestack) -> None:
    """FS-13: a form has one file part."""
    url, query = f"{filestack.base}/api/store/S3", {"key": filestack.key}
    two = [("fileUpload", ("a.png", picture())), ("other", ("b.png", picture()))]
    refused(filestack.http.post(url, params=query, files=two), 400, "2")
    refused(filestack.http.post(url, params=query, files={"text": (None, "words")}), 400, "0")


@pytest.mark.parametrize("text", [{"path": "p" * 2000}, {"access": "all"}, {"filename": "a\0b"}, {"base64decode": "1"}])
def test_texts_of_a_form(filestack: Filestack, text: dict[str, str]) -> None:
    """FS-14: options in a form are held to what they are in a query."""
    url, query = f"{filestack.base}/api/store/S3", {"key": filestack.key}
    refused(filestack.http.post(url, params=query, data=text, files={"fileUpload": picture()}), 400, next(iter(text)))

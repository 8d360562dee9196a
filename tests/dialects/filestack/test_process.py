"""`POST /process`: chains as JSON, whose results are stored."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

import origin
from filestack_client import Filestack, picture
from filestack_delivery import refused_delivery
from live import size_of


def processed(client: Filestack, path: str = "/process", **said: object) -> dict[str, Any]:
    """Process something and return the answer."""
    answer = client.http.post(client.base + path, json={"apikey": client.key, **said})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("path", ["/process", "/cdn/process"])
def test_a_chain_is_stored(filestack: Filestack, path: str) -> None:
    """FS-90, FS-92, FS-93: where Python and JS send it; `store` may come twice; the tags come back."""
    handle = filestack.store(picture())["handle"]
    policy, signature = filestack.sign("store")
    tasks = [
        {"name": "security", "params": {"policy": policy, "signature": signature}},
        {"name": "resize", "params": {"width": 32}},
        {"name": "store", "params": {"filename": "small.png"}},
        {"name": "store"},
    ]
    body = processed(filestack, path, sources=[handle], tasks=tasks, upload_tags={"a": "1"})
    assert (body["filename"], body["type"], body["mimetype"]) == ("small.png", "image/png", "image/png")
    assert body["upload_tags"] == {"a": "1"}
    assert {"url", "key", "container", "size", "handle"} <= body.keys()
    assert size_of(filestack.http.get(body["url"]).content) == (32, 24)


def test_names_in_any_case(filestack: Filestack) -> None:
    """FS-08: Go's `apiKey`, `Name` and `Params`; unknown members are passed over."""
    said = {
        "apiKey": filestack.key,
        "Sources": [filestack.store(picture())["handle"]],
        "tasks": [{"Name": "resize", "Params": {"width": 16}}],
        "other": 1,
    }
    answer = filestack.http.post(f"{filestack.base}/process", json=said)
    assert (answer.status_code, answer.json()["width"]) == (200, 16), answer.text


def test_sources_elsewhere(filestack: Filestack) -> None:
    """FS-90, FS-93: fetched, done and stored under the name that they had; without tasks as they are."""
    with origin.serving({"a.png": picture()}) as port:
        url = f"http://127.0.0.1:{port}/a.png"
        body = processed(filestack, sources=[url], tasks=[{"name": "flip"}])
        assert (body["width"], body["filename"]) == (64, "a.png")
        body = processed(filestack, sources=[url])
        assert filestack.http.get(body["url"]).content == picture()


def test_sources_with_headers(filestack: Filestack) -> None:
    """FS-91: the headers are sent with the fetch."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(picture()) + picture())

        thread = threading.Thread(target=answer)
        thread.start()
        source = {"Source": f"http://127.0.0.1:{listening.getsockname()[1]}/b.png", "headers": {"X-Token": "secret"}}
        body = processed(filestack, sources=[source], tasks=[{"name": "flop"}])
        thread.join()
    assert (body["width"], body["filename"]) == (64, "b.png")
    assert b"x-token: secret" in asked[0].lower()


def test_many_sources(filestack: Filestack) -> None:
    """FS-84, FS-90: packed and stored."""
    handles = [filestack.store(picture())["handle"] for _ in range(2)]
    body = processed(filestack, sources=handles, tasks=[{"name": "zip"}])
    assert body["type"] == "application/zip"
    assert processed(filestack, sources=handles[:1], tasks=[{"name": "imagesize"}]) == {"width": 64, "height": 48}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"apikey": "AbcdefghijKLMNOPQRSTUz"}, 401),
        ({"apikey": 7}, 401),
        ({"apikey": None}, 401),
        ({"sources": []}, 400),
        ({"sources": "none"}, 400),
        ({"sources": [7]}, 400),
        ({"sources": [{"headers": {}}]}, 400),
        ({"sources": [{"source": "http://127.0.0.1:1/", "headers": {"a": 1}}]}, 400),
        ({"sources": [{"source": "http://127.0.0.1:1/", "headers": {"Host": "a"}}]}, 400),
        ({"sources": ["0" * 20]}, 404),
        ({"sources": ["a b\x00"]}, 400),
        ({"sources": ["0" * 20] * 101}, 400),
        ({"tasks": {}}, 400),
        ({"tasks": [{"name": "flip"}] * 1000}, 400),
        ({"tasks": [{"name": "rezise"}]}, 400),
        ({"tasks": [{"name": "resize", "params": {"width": -1}}]}, 400),
        ({"tasks": [{"name": "crop", "params": {"dim": [[[[[[1]]]]]]}}]}, 400),
        ({"tasks": [{"name": "video_convert", "params": {"preset": "h264"}}]}, 501),
        ({"tasks": [{"name": "security", "params": {"policy": "e30="}}]}, 400),
        ({"tasks": [{"name": "security", "params": {"policy": "e30=", "signature": "0"}}]}, 400),
        ({"tasks": [{"name": "ocr"}]}, 403),
        ({"upload_tags": "tags"}, 400),
    ],
)
def test_refusals(filestack: Filestack, said: dict[str, object], status: int) -> None:
    """FS-53, FS-90, FS-181, FS-184: hostile and mistaken requests have the dialect's own body, and none is a 5xx."""
    known = {"apikey": filestack.key, "sources": [filestack.store(picture())["handle"]], "tasks": [{"name": "flip"}]}
    refused_delivery(filestack.http.post(f"{filestack.base}/process", json={**known, **said}), status)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b" " * (2 << 20)]
)
def test_bodies_that_are_none(filestack: Filestack, content: bytes) -> None:
    """FS-181, FS-184."""
    answer = filestack.http.post(f"{filestack.base}/process", content=content)
    refused_delivery(answer, 413 if len(content) > 1 << 20 else 400)

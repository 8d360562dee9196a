"""Storing by the File API: the forms of a body, options, names (FS-11…FS-18)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from filestack_client import Filestack, picture, refused
from origin import serving

NOTE = b"Dear reader,\nthis is a note.\n"


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A web server with a picture on it."""
    with serving({"red.png": picture(), "noname": b"\x00\x01\x02"}) as port:
        yield f"http://127.0.0.1:{port}"


def post(client: Filestack, provider: str = "S3", *, key: bool = True, **how: Any) -> httpx.Response:
    """Store by a request of its own."""
    params: Mapping[str, str] = {**({"key": client.key} if key else {}), **how.pop("params", {})}
    return client.http.post(f"{client.base}/api/store/{provider}", params=params, **how)


def kept(client: Filestack, answer: httpx.Response) -> bytes:
    """Return the bytes that were stored."""
    assert answer.status_code == 200, answer.text
    return client.http.get(client.file(answer.json()["handle"])).content


def test_what_is_answered(filestack: Filestack) -> None:
    """FS-09, FS-16, FS-17: all members, a handle of 20 letters and digits, and a URL that ends in it."""
    body = filestack.store(picture(), filename="red.png")
    handle = body["handle"]
    assert (len(handle), handle.isalnum(), handle.isascii()) == (20, True, True)
    assert body == {
        "handle": handle,
        "url": f"{filestack.cdn}/{handle}",
        "filename": "red.png",
        "size": len(picture()),
        "type": "image/png",
        "mimetype": "image/png",
        "key": body["key"],
        "container": body["container"],
        "status": "Stored",
    }
    assert body["container"]
    assert len(body["key"].partition("_")[0]) == 20
    assert body["key"].endswith("_red.png")


@pytest.mark.parametrize("provider", ["S3", "gcs", "azure", "rackspace", "dropbox", "s3", "GCS", "Azure"])
def test_providers(filestack: Filestack, provider: str) -> None:
    """FS-11, FS-12: every provider, in any case, is the server's own storage; its name is told again."""
    answer = post(filestack, provider, content=picture(), headers={"Content-Type": "image/png"})
    assert kept(filestack, answer) == picture()
    assert filestack.metadata(answer.json()["handle"])["location"] == provider


def test_an_unknown_provider(filestack: Filestack) -> None:
    """FS-12, FS-180."""
    refused(post(filestack, "floppy", content=picture()), 400, "floppy")


def test_body_forms(filestack: Filestack, origin: str) -> None:
    """FS-13, FS-18: a form with any name of its part, raw bytes, a URL in a form and in JSON."""
    url = f"{origin}/folder/red.png"
    for part in ("fileUpload", "anything"):
        answer = post(filestack, files={part: ("part.png", picture())})
        assert (kept(filestack, answer), answer.json()["filename"]) == (picture(), "part.png")
    answer = post(filestack, content=picture(), headers={"Content-Type": "image/png"})
    assert (kept(filestack, answer), answer.json()["filename"]) == (picture(), "untitled.png")
    for how in ({"data": {"url": url}}, {"json": {"url": url}}):
        answer = post(filestack, **how)
        assert (kept(filestack, answer), answer.json()["filename"]) == (picture(), "red.png")
        told = filestack.metadata(answer.json()["handle"], source_url="true")
        assert told == {"source_url": url}


def test_options_in_json(filestack: Filestack, origin: str) -> None:
    """FS-05, FS-08, FS-13: a small body may hold options and the key, whatever the case of its name."""
    for name in ("apikey", "apiKey", "key"):
        body = {"url": f"{origin}/red.png", "filename": "b.png", "path": "in/", "container": "c", name: filestack.key}
        answer = post(filestack, key=False, json=body)
        stored = answer.json()
        assert (kept(filestack, answer), stored["filename"], stored["container"]) == (picture(), "b.png", "c")
        assert stored["key"].startswith("in/")


def test_options(filestack: Filestack) -> None:
    """FS-14, FS-18: name, type, path and container; a path ending in `/` is a folder, another is the key."""
    named = filestack.store(NOTE, filename="a b+c.csv", mimetype="text/csv", container="box", access="private")
    assert (named["filename"], named["mimetype"], named["container"]) == ("a b+c.csv", "text/csv", "box")
    assert filestack.store(NOTE, path="a/b/c.txt")["key"] == "a/b/c.txt"
    folder = filestack.store(NOTE, "text/plain", path="/a/b/")
    assert folder["key"].startswith("/a/b/")
    assert folder["key"].endswith("_untitled.txt")
    raw = post(filestack, content=NOTE, headers={"Content-Disposition": 'attachment; filename="raw.txt"'})
    assert raw.json()["filename"] == "raw.txt"


def test_base64(filestack: Filestack) -> None:
    """FS-14: `base64decode`, of either alphabet, in lines or with what a data URL has before it."""
    data = bytes(range(256)) * 9000  # more than is decoded at a time
    standard, url_safe = base64.b64encode(data), base64.urlsafe_b64encode(data).rstrip(b"=")
    for coded in (standard, url_safe, base64.encodebytes(data), b"data:image/png;base64," + standard):
        stored = filestack.store(coded, "text/plain", base64decode="true")
        assert filestack.http.get(filestack.file(stored["handle"])).content == data
    for broken in (b"*" * 40, b"abc=defg", b"abcde", b"="):
        refused(post(filestack, content=broken, params={"base64decode": "true"}), 400, "base64")


def test_types(filestack: Filestack) -> None:
    """DX-09: a type is found in the content; what is said of it counts where the content says little."""
    assert filestack.store(picture(), "image/jpeg", mimetype="text/html")["type"] == "image/png"
    assert filestack.store(b"\x00\x01", "image/png")["type"] == "application/octet-stream"
    assert filestack.store(b"\x00\x01", "video/mpeg")["type"] == "video/mpeg"
    assert filestack.store(b"\x00\x01", "application/octet-stream", filename="a.mpeg")["type"] == "video/mpeg"
    assert filestack.store(b"\x00\x01", "video/mp4")["type"] == "application/octet-stream"
    assert filestack.store(NOTE, "video/mp4")["type"] == "text/plain"
    assert filestack.store(b"a,b\n", "text/csv; charset=utf-8")["type"] == "text/csv"
    empty = post(filestack, files={"fileUpload": ("empty.txt", b"")})
    assert (kept(filestack, empty), empty.json()["size"], empty.json()["type"]) == (b"", 0, "text/plain")


def test_keys(filestack: Filestack) -> None:
    """FS-05, FS-10, FS-182: `X-API-Key` is another spelling; a native key and an unknown one are 401."""
    content, headers = picture(), {"Content-Type": "image/png"}
    answer = post(filestack, key=False, content=content, headers={**headers, "X-API-Key": filestack.key})
    assert kept(filestack, answer) == picture()
    for key in (filestack.server.key, "A" + "b" * 20 + "z", "%00", "x" * 5000):
        refused(post(filestack, key=False, params={"key": key}, content=content, headers=headers), 401)
    refused(post(filestack, key=False, content=content, headers=headers), 401)
    refused(post(filestack, key=False, json={"url": "http://x/"}), 401)
    refused(post(filestack, key=False, files={"fileUpload": content}, data={"apikey": filestack.key}), 401)


def test_copies(filestack: Filestack) -> None:
    """FS-15: a second file of the same bytes elsewhere, which outlives the first."""
    first = filestack.store(picture(), filename="red.png")
    url = f"{filestack.base}/api/store/gcs/{first['handle']}"
    answer = filestack.http.post(url, params={"key": filestack.key, "path": "there/", "container": "box"})
    copied = answer.json()
    assert answer.status_code == 200
    assert set(copied) == set(first)
    assert copied["handle"] != first["handle"]
    assert (copied["container"], copied["key"].startswith("there/"), copied["size"]) == ("box", True, first["size"])
    assert filestack.delete(first["handle"]).status_code == 200
    assert filestack.http.get(filestack.file(copied["handle"])).content == picture()
    assert filestack.metadata(copied["handle"])["location"] == "gcs"
    refused(filestack.http.post(url, params={"key": filestack.key}), 404)
    refused(filestack.http.post(url), 404)

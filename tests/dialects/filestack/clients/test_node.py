"""filestack-js 4.3.8, unmodified, in each way: what it uploads, reads, makes and deletes."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filestack_client import Filestack, picture
from live import size_of
from ocr_scans import Scans
from official_clients import ClientError, Clients, Node


def uploaded(clients: Clients, file: Path, options: dict[str, Any] | None = None, **store: Any) -> dict[str, Any]:
    """Upload a file, and return what came back."""
    found: dict[str, Any] = clients.node("upload", str(file), options or {}, store)
    assert found["url"] == f"{clients.cdn}/{found['handle']}"
    return found


def content(clients: Clients, handle: str) -> bytes:
    """Download a file."""
    found: bytes = clients.node("download", handle)["data"]
    return found


def made(clients: Clients, source: object, tasks: dict[str, Any], *, base64: bool = False) -> bytes:
    """Return the bytes of what tasks make, from the URL that the client writes."""
    found: bytes = clients.node("get", clients.node("transform", source, tasks, base64))["data"]
    return found


def test_uploading(clients: Clients, document: Path) -> None:
    """FS-01, FS-02, FS-03, FS-100, FS-103, FS-104, FS-106, FS-107, FS-108, FS-110, FS-111: parts of 5 MiB, plain."""
    found = uploaded(clients, document, {"partSize": 5 << 20, "tags": {"a": "b"}}, path="kept/", container="box")
    assert (found["status"], found["container"], found["uploadTags"]) == ("Stored", "box", {"a": "b"})
    assert (found["filename"], found["size"]) == (document.name, 6 << 20)
    assert found["key"].startswith("kept/")
    assert content(clients, found["handle"]) == document.read_bytes()


def test_uploading_bytes(clients: Clients) -> None:
    """FS-105: a buffer with another name and type, without MD5 of its parts."""
    options = {"disableIntegrityCheck": True}
    found = clients.node("upload", picture(), options, {"filename": "rot.png", "mimetype": "image/png"})
    assert (found["filename"], found["type"]) == ("rot.png", "image/png")
    assert content(clients, found["handle"]) == picture()


def test_uploading_intelligently(clients: Clients, large: Path) -> None:
    """FS-103, FS-109: chunks that are committed."""
    found = uploaded(clients, large, {"intelligent": True})
    assert (found["status"], content(clients, found["handle"])) == ("Stored", large.read_bytes())


def test_uploading_with_a_fallback(repointed: Clients, document: Path) -> None:
    """FS-110: parts that are named, and `fii` as well."""
    found = uploaded(repointed, document, {"intelligent": "fallback"})
    assert (found["status"], content(repointed, found["handle"])) == ("Stored", document.read_bytes())


def test_storing_a_url(clients: Clients, origin: str) -> None:
    """FS-90, FS-91, FS-92, FS-93: `POST {process}/process` answers with a handle; tags come back, `type` is told."""
    url = f"{origin}/red.png?x=1"
    found = clients.node(
        "storeURL", url, {"filename": "r.png"}, {}, clients.security("store"), {"a": "b"}, {"X-Try": "1"}
    )
    assert (found["mimetype"], found["filename"], found["uploadTags"]) == ("image/png", "r.png", {"a": "b"})
    assert found["url"] == f"{clients.cdn}/{found['handle']}"
    assert content(clients, found["handle"]) == picture()


def test_metadata(clients: Clients, red: Path) -> None:
    """FS-23, FS-24, FS-25: of the File API; `sourceUrl` beside `source_url` is no matter."""
    handle = uploaded(clients, red)["handle"]
    asked = {"size": True, "filename": True, "width": True, "height": True, "sourceUrl": True, "sha256": True}
    told = clients.node("metadata", handle, asked, clients.security("stat"))
    assert (told["size"], told["filename"], told["width"], told["height"]) == (len(picture()), "red.png", 64, 48)
    assert len(told["sha256"]) == 64
    everything = clients.node("metadata", handle)
    assert {"filename", "mimetype", "size", "uploaded", "writeable", "handle"} <= set(everything)


def test_retrieving(clients: Clients, red: Path) -> None:
    """FS-19, FS-20, FS-21, FS-22: bytes, an extension behind `+`, headers, metadata."""
    handle = uploaded(clients, red)["handle"]
    assert clients.node("retrieve", handle, {}) == picture()
    assert clients.node("retrieve", handle, {"extension": "png", "dl": True}) == picture()
    headers = clients.node("retrieve", handle, {"head": True})
    assert (headers["content-type"], headers["x-file-name"]) == ("image/png", "red.png")
    assert headers["content-disposition"].startswith("inline; filename=")
    assert clients.node("retrieve", handle, {"metadata": True})["filename"] == "red.png"


def test_deleting(clients: Clients, red: Path) -> None:
    """FS-30, FS-31, FS-33, FS-184: with and without the stored bytes; a refusal is no 5xx, and not tried again."""
    for name in ("remove", "removeMetadata"):
        handle = uploaded(clients, red)["handle"]
        with pytest.raises(ClientError) as caught:
            clients.node(name, handle, clients.security("read"))
        assert caught.value.said["status"] == 403
        assert clients.node(name, handle, clients.security("remove"))["data"] == "success"
        with pytest.raises(ClientError) as caught:
            clients.node("download", handle)
        assert caught.value.said["status"] == 404


def test_chains(clients: Clients, photo: Path, origin: str) -> None:
    """FS-40, FS-42, FS-43, FS-44, FS-46, FS-47, FS-48, FS-49: the same in plain words and in base64, signed or not."""
    handle = uploaded(clients, photo)["handle"]
    tasks = {
        "resize": {"width": 60, "height": 60, "fit": "crop", "align": ["top", "left"]},
        "crop": {"dim": [10, 10, 40, 30]},
        "flip": True,
        "output": {"format": "png"},
    }
    plain = made(clients, handle, tasks)
    picked = pyvips.Image.new_from_buffer(plain, "")
    whole = pyvips.Image.new_from_file(str(photo)).thumbnail_image(90).crop(0, 0, 60, 60).crop(10, 10, 40, 30)
    assert (picked.width, picked.height, picked.get("vips-loader")) == (40, 30, "pngload_buffer")
    assert (picked - whole.flipver()).abs().avg() < 3
    assert made(clients, handle, tasks, base64=True) == plain
    signed = clients.security("convert", "read")
    for base64 in (False, True):
        url = clients.node("transform", handle, tasks, base64, security=signed)
        assert clients.node("get", url)["data"] == plain
        source = f"{origin}/red.png?size=a:b,c/d"
        assert size_of(made(clients, source, {"resize": {"height": 12}}, base64=base64)) == (16, 12)


def test_tasks(repointed: Clients, photo: Path) -> None:
    """FS-48, FS-61, FS-62, FS-63, FS-64, FS-65, FS-66, FS-67, FS-72, FS-73, FS-75: options as this client writes them.

    In plain words and in base64 they are the same chain.
    """
    handle = uploaded(repointed, photo)["handle"]
    sizes: dict[str, tuple[object, tuple[int, int]]] = {
        "rotate": ({"deg": 90, "background": "ffffff"}, (40, 60)),
        "flop": (True, (60, 40)),
        "rounded_corners": ({"radius": "max", "blur": 0.5, "background": "black"}, (60, 40)),
        "circle": ({"background": "white"}, (40, 40)),
        "border": ({"width": 4, "color": "black", "background": "white"}, (68, 48)),
        "sharpen": ({"amount": 3}, (60, 40)),
        "blur": ({"amount": 3}, (60, 40)),
        "pixelate": ({"amount": 5}, (60, 40)),
        "monochrome": (True, (60, 40)),
        "negative": (True, (60, 40)),
        "sepia": ({"tone": 60}, (60, 40)),
        "blackwhite": ({"threshold": 40}, (60, 40)),
        "modulate": ({"brightness": 120, "hue": 20, "saturation": 90}, (60, 40)),
        "compress": (True, (60, 40)),
        "quality": ({"value": 40}, (60, 40)),
        "pjpg": ({"quality": 50, "metadata": False}, (60, 40)),
        "noMetadata": (True, (60, 40)),
        "autoImage": (True, (60, 40)),
        "smartCrop": ({"mode": "auto", "width": 30, "height": 30}, (30, 30)),
        "cache": ({"expiry": 100}, (60, 40)),
        "fallback": ({"handle": handle}, (60, 40)),
    }
    for name, (options, size) in sizes.items():
        tasks = {"resize": {"width": 60}, name: options}
        plain = made(repointed, handle, tasks)
        assert size_of(plain) == size, name
        assert made(repointed, handle, tasks, base64=True) == plain, name


def test_what_is_not_done(repointed: Clients, red: Path) -> None:
    """FS-53, FS-71, FS-89: 501 with the reason."""
    handle = uploaded(repointed, red)["handle"]
    for name in ("tags", "sfw", "caption"):
        url = f"{repointed.cdn}/{repointed.app.key}/{name}/{handle}"
        with pytest.raises(ClientError, match="not done here") as caught:
            repointed.node("get", url)
        assert caught.value.said["status"] == 501


def test_data(clients: Clients, red: Path, tmp_path: Path) -> None:
    """FS-50, FS-76, FS-80, FS-85: JSON comes as what it says."""
    handle = uploaded(clients, red)["handle"]
    assert clients.node("get", clients.node("transform", handle, {"imagesize": True}))["data"] == {
        "width": 64,
        "height": 48,
    }
    scan = uploaded(clients, Scans(tmp_path).png(text="bread of such a taste"))["handle"]
    url = clients.node("transform", scan, {}, security=clients.security("convert"))
    read = clients.node("get", url.replace("/security=", "/ocr/security="))["data"]
    assert "such a taste" in " ".join(read["text"].split())


@pytest.mark.parametrize("base64", [False, True])
def test_zipping(clients: Clients, red: Path, origin: str, base64: bool) -> None:
    """FS-41, FS-47, FS-48, FS-84: a list with a quoted URL in brackets, or all of it in base64."""
    handle = uploaded(clients, red)["handle"]
    packed = made(clients, [handle, f"{origin}/blue.png?a=1,2"], {"zip": True}, base64=base64)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [picture(), picture(30, 20, (0, 0, 255))]


def test_storing_a_chain(clients: Clients, red: Path, origin: str) -> None:
    """FS-86: `store` at the end of a URL."""
    store = {"filename": "small.png", "path": "a/b.png", "location": "S3"}
    handle = uploaded(clients, red)["handle"]
    for source in (handle, f"{origin}/red.png"):
        kept = clients.node("get", clients.node("transform", source, {"resize": {"width": 16}, "store": store}))["data"]
        assert (kept["filename"], kept["key"], kept["width"]) == ("small.png", "a/b.png", 16)
        assert size_of(content(clients, kept["handle"])) == (16, 12)


def test_policies(clients: Clients, red: Path) -> None:
    """FS-06, FS-120, FS-121, FS-123, FS-125, FS-184: an app of which every call needs a signature.

    The policy is standard base64. What is refused is not tried again: ten times would take minutes.
    """
    with Filestack(clients.app.server, f"js-{clients.way}", signed=True) as app:
        own = {"key": app.key}
        # The signs make characters in which the two alphabets differ.
        asked = {"expiry": int(time.time()) + 600, "call": ["pick", "read"], "path": "(?:~?~?~?~?>>>|.*)"}
        security = clients.node("getSecurity", asked, app.secret)
        assert {"+", "/"} & set(security["policy"])
        with pytest.raises(ClientError):
            clients.node("upload", str(red), {}, {}, **own)
        found = clients.node("upload", str(red), {}, {}, security=security, **own)
        with pytest.raises(ClientError) as caught:
            clients.node("download", found["handle"], **own)
        assert caught.value.said["status"] == 403
        assert clients.node("download", found["handle"], security=security, **own)["data"] == red.read_bytes()
        with pytest.raises(ClientError) as caught:
            clients.node("metadata", found["handle"], {}, security=security, **own)
        assert caught.value.said["status"] == 403
        wrong = clients.node("getSecurity", asked, "another")
        with pytest.raises(ClientError) as caught:
            clients.node("download", found["handle"], security=wrong, **own)
        assert caught.value.said["status"] == 403


def test_starting(clients: Clients) -> None:
    """FS-04: what the client asks before it begins."""
    assert clients.node("prefetch", {}) == {"permissions": {}, "settings": {}}
    assert json.dumps(clients.node("getVersion")) == '"JS-4.3.8"'


def test_plain_http(filestack: Filestack, filestack_js: Path, document: Path) -> None:
    """FS-104: without TLS this client is sent on to `http://…`, which no other one takes."""
    origin = "http://one.test"
    urls = {"fileApiUrl": f"{origin}/api/file", "cdnUrl": origin, "processUrl": origin, "uploadApiUrl": origin}
    environment = {**os.environ, "TLS_NAMES": "one.test", "TLS_PORT": "0", "HTTP_PORT": str(filestack.server.port)}
    with Node.started(environment, filestack_js, {"key": filestack.key, "urls": urls}) as node:
        for options in ({}, {"intelligent": True}):
            found = node("upload", str(document), options, {})
            assert node("download", found["handle"])["data"] == document.read_bytes()

"""filestack-python 4.0.0, unmodified, in each way: what it uploads, reads, makes, changes and deletes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill_server.dialects.filestack.tasks.plan import UNAVAILABLE
from filestack_client import Filestack, picture
from live import size_of
from ocr_scans import Scans
from official_clients import ClientError, Clients

OBJECTS = [[0, 0, 20, 20], [20, 20, 20, 20]]


def uploaded(clients: Clients, path: Path, **how: Any) -> dict[str, Any]:
    """Upload a file, and return what came back; its handle is 20 letters and digits."""
    found: dict[str, Any] = clients.python("client", ("upload", {"filepath": str(path), **how}))
    assert len(found["handle"]) == 20
    return found


def content(clients: Clients, handle: str, *steps: Any, **more: Any) -> bytes:
    """Return the bytes of a file, or of what is made of it."""
    found: bytes = clients.python(handle, *steps, ("get_content", {}), **more)
    return found


def test_uploading(clients: Clients, document: Path, tmp_path: Path) -> None:
    """FS-01, FS-02, FS-03, FS-05, FS-100, FS-102, FS-104, FS-105, FS-107, FS-108, FS-111, FS-112: parts of 5 MiB.

    Two of them at once; the answer tells all, and what is read is what was sent.
    """
    store = {"path": "kept/", "container": "pictures", "upload_tags": {"a": "b"}, "mimetype": "application/x-try"}
    found = uploaded(clients, document, store_params=store)
    said = found["response"]
    assert said["url"] == found["url"] == f"{clients.cdn}/{found['handle']}"
    assert (said["filename"], said["size"], said["mimetype"]) == (document.name, 6 << 20, "application/x-try")
    assert (said["status"], said["container"], said["upload_tags"]) == ("Stored", "pictures", {"a": "b"})
    assert said["key"].startswith("kept/")
    copy = tmp_path / "copy"
    assert clients.python(found["handle"], ("download", {"path": str(copy)})) == 6 << 20
    assert copy.read_bytes() == document.read_bytes()


def test_uploading_an_open_file(clients: Clients, red: Path) -> None:
    """FS-100, FS-102: a file object, which has no name."""
    found = clients.python("client", ("upload", {"file_obj": str(red)}))
    assert (found["response"]["filename"], found["response"]["mimetype"]) == ("unnamed_file", "image/png")
    assert content(clients, found["handle"]) == red.read_bytes()


def test_uploading_nothing(clients: Clients, tmp_path: Path) -> None:
    """FS-114: a file without bytes has no parts."""
    empty = tmp_path / "empty.txt"
    empty.touch()
    found = uploaded(clients, empty)
    assert (found["response"]["size"], content(clients, found["handle"])) == (0, b"")


def test_uploading_intelligently(clients: Clients, large: Path) -> None:
    """FS-103, FS-105, FS-109, FS-110, FS-112: chunks of 8 MiB with an offset, two commits, no parts at the end."""
    found = uploaded(clients, large, intelligent=True, store_params={"filename": "other.bin"})
    assert (found["response"]["filename"], found["response"]["size"]) == ("other.bin", large.stat().st_size)
    assert content(clients, found["handle"]) == large.read_bytes()


def test_uploading_by_url(clients: Clients, origin: str) -> None:
    """FS-90, FS-92: `POST {cdn}/process` with `store`; the query is of the URL."""
    found = clients.python(
        "client",
        ("upload_url", {"url": f"{origin}/red.png?x=1,2", "store_params": {"path": "by/url.png"}}),
        **clients.policy("store"),
    )
    assert (found["response"]["type"], found["response"]["key"]) == ("image/png", "by/url.png")
    assert found["response"]["url"] == f"{clients.cdn}/{found['handle']}"
    assert content(clients, found["handle"]) == picture()


def test_metadata(clients: Clients, red: Path) -> None:
    """FS-23, FS-24, FS-25: on the delivery host, with selectors and without."""
    handle = uploaded(clients, red)["handle"]
    chosen = clients.python(handle, ("metadata", {"attributes_list": ["size", "filename", "width", "md5"]}))
    assert (set(chosen), chosen["size"]) == ({"size", "filename", "width", "md5"}, len(picture()))
    assert (chosen["filename"], chosen["width"]) == ("red.png", 64)
    told = clients.python(handle, ("metadata", {}), **clients.policy("stat"))
    assert {"filename", "mimetype", "size", "uploaded", "writeable"} <= set(told)


def test_overwriting(clients: Clients, red: Path, origin: str, tmp_path: Path) -> None:
    """FS-28, FS-29: by a file, an open file, base64 and a URL; the handle stays, what was made of it is made anew."""
    handle = uploaded(clients, red)["handle"]
    wide = ("resize", {"width": 32})
    assert size_of(content(clients, handle, wide)) == (32, 24)
    policy = clients.policy("write", "writeUrl")
    green = tmp_path / "green.png"
    green.write_bytes(picture(40, 40, (0, 255, 0)))
    for how in ({"filepath": str(green)}, {"file_obj": str(green)}):
        clients.python(handle, ("overwrite", how), **policy)
        assert content(clients, handle) == green.read_bytes()
    assert size_of(content(clients, handle, wide)) == (32, 32)
    coded = tmp_path / "coded"
    coded.write_text("aGVsbG8=")
    clients.python(handle, ("overwrite", {"filepath": str(coded), "base64decode": True}), **policy)
    assert content(clients, handle) == b"hello"
    clients.python(handle, ("overwrite", {"url": f"{origin}/blue.png"}), **policy)
    assert content(clients, handle) == picture(30, 20, (0, 0, 255))


def test_deleting(clients: Clients, red: Path) -> None:
    """FS-30, FS-33, FS-180, FS-181, FS-185: the words of a refusal reach who asks."""
    handle = uploaded(clients, red)["handle"]
    with pytest.raises(ClientError, match=r'FilestackHTTPError.*"code":403'):
        clients.python(handle, ("delete", {}), **clients.policy("read"))
    assert clients.python(handle, ("delete", {}), **clients.policy("remove")) is None
    with pytest.raises(ClientError, match=r'FilestackHTTPError {"error":'):
        content(clients, handle)
    with pytest.raises(ClientError, match=r'FilestackHTTPError.*"code":404'):
        clients.python(handle, ("delete", {}), **clients.policy("remove"))


def test_chains(clients: Clients, photo: Path, origin: str) -> None:
    """FS-40, FS-42, FS-43, FS-44, FS-47, FS-49: what a chain makes is what its parts make, signed or not."""
    handle = uploaded(clients, photo)["handle"]
    steps = ("resize", {"width": 60, "height": 60, "fit": "crop"}), ("rotate", {"deg": 90}), ("flop", {})
    made = content(clients, handle, *steps, ("filetype_conversion", {"format": "png"}))
    whole = pyvips.Image.new_from_file(str(photo)).thumbnail_image(90).crop(15, 0, 60, 60).rot90().fliphor()
    turned = pyvips.Image.new_from_buffer(made, "")
    assert (turned.width, turned.height, turned.get("vips-loader")) == (60, 60, "pngload_buffer")
    assert (turned - whole).abs().avg() < 3
    signed = clients.policy("convert", "read")
    assert content(clients, handle, *steps, ("filetype_conversion", {"format": "png"}), **signed) == made
    url = f"{origin}/red.png?size=a:b,c/d"
    small = clients.python(
        "client", ("transform_external", {"external_url": url}), ("resize", {"height": 12}), ("get_content", {})
    )
    assert size_of(small) == (16, 12)


def test_every_picture_task(repointed: Clients, photo: Path, red: Path) -> None:
    """FS-60, FS-61, FS-62, FS-63, FS-64, FS-65, FS-66, FS-67, FS-68, FS-69, FS-70, FS-71, FS-72, FS-73, FS-74, FS-75.

    Each method of the client, with its spelling of options; what is not done here is told in words (FS-53).
    """
    clients = repointed
    handle, mark = uploaded(clients, photo)["handle"], uploaded(clients, red)["handle"]
    small = ("resize", {"width": 60})
    sizes: dict[str, tuple[dict[str, Any], tuple[int, int] | None]] = {
        "crop": ({"dim": [5, 5, 30, 20]}, (30, 20)),
        "rotate": ({"deg": 90, "background": "white", "exif": True}, (40, 60)),
        "flip": ({}, (60, 40)),
        "watermark": ({"file": mark, "size": 20, "position": ["top", "left"]}, (60, 40)),
        "detect_faces": ({"export": True}, None),
        "crop_faces": ({"mode": "thumb", "faces": [1, 2]}, None),
        "pixelate_faces": ({"faces": "all"}, None),
        "round_corners": ({"radius": 10, "background": "black"}, (60, 40)),
        "vignette": ({"amount": 40, "blurmode": "linear"}, (60, 40)),
        "polaroid": ({"color": "white", "rotate": 10}, None),
        "torn_edges": ({"spread": [5, 10]}, None),
        "shadow": ({"blur": 5, "opacity": 50, "vector": [4, 4], "color": "black"}, None),
        "circle": ({"background": "white"}, (40, 40)),
        "border": ({"width": 4, "color": "black"}, (68, 48)),
        "sharpen": ({"amount": 3}, (60, 40)),
        "blur": ({"amount": 3}, (60, 40)),
        "monochrome": ({}, (60, 40)),
        "blackwhite": ({"threshold": 40}, (60, 40)),
        "sepia": ({"tone": 60}, (60, 40)),
        "pixelate": ({"amount": 5}, (60, 40)),
        "oil_paint": ({"amount": 2}, (60, 40)),
        "negative": ({}, (60, 40)),
        "modulate": ({"brightness": 120, "hue": 20, "saturation": 90}, (60, 40)),
        "partial_pixelate": ({"objects": OBJECTS, "amount": 5, "type": "oval"}, (60, 40)),
        "partial_blur": ({"objects": OBJECTS, "amount": 5, "type": "rect"}, (60, 40)),
        "collage": ({"files": [mark], "width": 90, "height": 50, "margin": 2, "fit": "crop"}, (90, 50)),
        "upscale": ({"noise": "low"}, None),
        "enhance": ({"preset": "auto"}, (60, 40)),
        "redeye": ({}, None),
        "ascii": ({"colored": True, "size": 50}, None),
        "no_metadata": ({}, (60, 40)),
        "quality": ({"value": 40}, (60, 40)),
        "fallback": ({"file": mark, "cache": 10}, (60, 40)),
        "auto_image": ({}, (60, 40)),
        "smart_crop": ({"mode": "auto", "width": 30, "height": 30}, (30, 30)),
    }
    for name, (options, size) in sizes.items():
        if name in UNAVAILABLE:
            with pytest.raises(ClientError, match=f"FilestackHTTPError.*'{name}' is not done here"):
                content(clients, handle, small, (name, options))
            continue
        made = content(clients, handle, small, (name, options))
        assert size is None or size_of(made) == size, name


def test_storing(clients: Clients, red: Path) -> None:
    """FS-50, FS-86: `POST` of a chain that ends in `store`; a path in quotes keeps its slashes."""
    handle = uploaded(clients, red)["handle"]
    store = {"filename": "small.png", "path": "a/b/c.png", "container": "box", "location": "S3", "access": "public"}
    kept = clients.python(handle, ("resize", {"width": 16}), ("store", store))
    assert kept["url"] == f"{kept['url'].rpartition('/')[0]}/{kept['handle']}" != handle
    assert size_of(content(clients, kept["handle"])) == (16, 12)
    told = clients.python(kept["handle"], ("metadata", {"attributes_list": ["path", "filename", "container"]}))
    assert told == {"path": "a/b/c.png", "filename": "small.png", "container": "box"}


def test_zipping(clients: Clients, red: Path, origin: str, tmp_path: Path) -> None:
    """FS-41, FS-47, FS-84: a stored file and one from elsewhere, signed."""
    handle = uploaded(clients, red)["handle"]
    path = tmp_path / "all.zip"
    files = [handle, f"{origin}/blue.png"]
    size = clients.python(
        "client", ("zip", {"destination_path": str(path), "files": files}), **clients.policy("convert", "read")
    )
    assert size == path.stat().st_size
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [picture(), picture(30, 20, (0, 0, 255))]


def test_reading_text(clients: Clients, tmp_path: Path) -> None:
    """FS-85: never without a policy."""
    handle = uploaded(clients, Scans(tmp_path).png(text="The river ran past the mill"))["handle"]
    read = clients.python(handle, ("ocr", {}), **clients.policy("convert"))
    assert "river ran past" in " ".join(read["text"].split())
    (area, *_) = read["document"]["text_areas"]
    assert len(area["bounding_box"]) == 4
    assert "river" in [word["text"] for line in area["lines"] for word in line["words"]]


def test_documents(repointed: Clients, tmp_path: Path) -> None:
    """FS-80, FS-81, FS-82, FS-72: facts of a PDF, its pages, pictures of them, and what is no document."""
    clients = repointed
    scans = Scans(tmp_path)
    handle = uploaded(clients, scans.pdf(scans.image(text="one"), scans.image(text="two")))["handle"]
    url = clients.python(handle, ("pdf_info", {}), "url")
    assert url == f"{clients.cdn}/pdfinfo/{handle}"
    assert b'"pages":2' in content(clients, handle, ("pdf_info", {})).replace(b" ", b"")
    assert content(clients, handle, ("pdf_convert", {"pages": ["2-"]})).startswith(b"%PDF")
    pages = zipfile.ZipFile(io.BytesIO(content(clients, handle, ("doc_to_images", {"format": "png", "density": 40}))))
    assert len(pages.namelist()) == 2
    assert content(clients, handle, ("filetype_conversion", {"format": "jpg", "page": 2})).startswith(b"\xff\xd8")


def test_what_is_not_done(repointed: Clients, red: Path) -> None:
    """FS-53, FS-83, FS-87, FS-89, FS-185: services that are not here say so to who calls them."""
    clients = repointed
    handle = uploaded(clients, red)["handle"]
    calls: dict[str, tuple[Any, ...]] = {
        "tags": (handle, ("tags", {})),
        "sfw": (handle, ("sfw", {})),
        "video_convert": (handle, ("av_convert", {"preset": "h264", "width": 100})),
        "minify_css": (handle, ("minify_css", {"level": 1}), ("get_content", {})),
        "urlscreenshot": (
            "client",
            ("urlscreenshot", {"url": "https://example.com", "width": 100}),
            ("get_content", {}),
        ),
    }
    for name, call in calls.items():
        with pytest.raises(ClientError, match=rf"^FilestackHTTPError .*'{name}' is not done here"):
            clients.python(*call, **clients.policy())


def test_policies(clients: Clients, red: Path) -> None:
    """FS-06, FS-120, FS-121, FS-122, FS-123, FS-124, FS-125: an app of which every call needs a signature."""
    with Filestack(clients.app.server, f"signed-{clients.way}", signed=True) as app:
        own = {"key": app.key, "secret": app.secret}
    upload = ("upload", {"filepath": str(red)})

    def policy(*calls: str, **more: Any) -> dict[str, Any]:
        return {**own, "policy": {**clients.policy()["policy"], "call": list(calls), **more}}

    with pytest.raises(ClientError, match="signature"):
        clients.python("client", upload, key=own["key"])
    handle = clients.python("client", upload, **policy("pick"))["handle"]
    with pytest.raises(ClientError, match="policy"):
        clients.python(handle, ("get_content", {}), key=own["key"])
    assert clients.python(handle, ("get_content", {}), **policy("read", handle=handle)) == red.read_bytes()
    refused = (
        policy("stat"),
        policy("read", expiry=1),
        policy("read", handle="a" * 20),
        {**policy("read"), "secret": "another"},
    )
    for wrong in refused:
        with pytest.raises(ClientError, match=r'FilestackHTTPError {"error":'):
            clients.python(handle, ("get_content", {}), **wrong)
    small = clients.python(handle, ("resize", {"width": 16}), ("get_content", {}), **policy("convert", "read"))
    assert size_of(small) == (16, 12)

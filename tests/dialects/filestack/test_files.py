"""Reading, overwriting and deleting by the File API (FS-19…FS-33)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from filestack_client import Filestack, picture, refused
from origin import serving

GREEN = picture(colour=(20, 200, 40))


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A web server with a picture on it."""
    with serving({"green.png": GREEN}) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def handle(filestack: Filestack) -> str:
    """A stored picture."""
    made: str = filestack.store(picture(), filename="réd.png")["handle"]
    return made


def content(client: Filestack, handle: str) -> bytes:
    """Return the bytes of a file."""
    return client.http.get(client.file(handle)).content


def test_reading(filestack: Filestack, handle: str) -> None:
    """FS-06, FS-19, FS-55: the bytes and how they are named, without a key and a signature."""
    answer = filestack.http.get(filestack.file(handle), headers={"Accept-Encoding": "application/json"})
    assert (answer.status_code, answer.content) == (200, picture())
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(picture()))
    assert answer.headers["content-disposition"].startswith("inline; filename=")
    assert "filename*=UTF-8''r%C3%A9d.png" in answer.headers["content-disposition"]
    assert answer.headers["x-file-name"] == "r%C3%A9d.png"
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "public, no-cache"
    again = filestack.http.get(filestack.file(handle), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    part = filestack.http.get(filestack.file(handle), headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, picture()[1:4])
    refused(filestack.http.get(filestack.file(handle), headers={"Range": "bytes=999999-"}), 416)


def test_downloading(filestack: Filestack, handle: str) -> None:
    """FS-20: `dl=true`, wherever it stands in the query."""
    for query in ("dl=true", f"dl=true&key={filestack.key}", f"key={filestack.key}&dl=true"):
        answer = filestack.http.get(f"{filestack.file(handle)}?{query}")
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert filestack.http.get(f"{filestack.file(handle)}?dl=false").headers["content-disposition"].startswith("inline")


def test_extensions(filestack: Filestack, handle: str) -> None:
    """FS-21: what follows the literal plus changes nothing."""
    for name in (f"{handle}+png", f"{handle}+jpg", f"{handle}%2Bpng"):
        answer = filestack.http.get(filestack.file(name))
        assert (answer.content, answer.headers["content-type"]) == (picture(), "image/png")


def test_head(filestack: Filestack, handle: str) -> None:
    """FS-22, DX-13: the headers of the bytes, without them."""
    read, head = (filestack.http.request(method, filestack.file(handle)) for method in ("GET", "HEAD"))
    assert head.content == b""
    own = {"date", "x-request-id"}
    assert {n: v for n, v in head.headers.items() if n not in own} == {
        n: v for n, v in read.headers.items() if n not in own
    }


_PAGE = "<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<!doctype html><script>alert(1)</script>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        (_PAGE.encode("utf-16"), "image/strange+xml"),
        (_PAGE.encode("utf-16"), "audio/strange+xml"),
    ],
    ids=["html", "svg", "xml as a picture", "xml as sound"],
)
def test_pages_have_no_rights(filestack: Filestack, content: bytes, media_type: str) -> None:
    """FS-19: what a browser would run is shown without a script and without an origin."""
    page = filestack.store(content, media_type)
    answer = filestack.http.get(filestack.file(page["handle"]))
    assert answer.headers["content-type"].startswith(media_type)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_metadata(filestack: Filestack, handle: str) -> None:
    """FS-23, FS-25, FS-27: what needs no look at the bytes; the query may be empty, or begin with `&`."""
    url = f"{filestack.file(handle)}/metadata"
    told = filestack.http.get(url).json()
    assert {"filename": "réd.png", "mimetype": "image/png", "size": len(picture()), "writeable": True}.items() <= (
        told.items()
    )
    assert isinstance(told["uploaded"], float)
    assert told["uploaded"] > 1_600_000_000_000
    assert set(told) == {"filename", "mimetype", "size", "uploaded", "writeable"} | {
        "location", "path", "container", "key",
    }  # fmt: skip
    assert filestack.http.get(f"{url}?").json() == told
    assert filestack.http.get(f"{url}?sourceUrl=true&size=false&x=y").json() == told
    assert filestack.http.get(f"{url}?&filename=true").json() == {"filename": "réd.png"}


def test_selectors(filestack: Filestack, handle: str) -> None:
    """FS-24, FS-25: with selectors there is nothing else; sides and digests are those of the bytes."""
    hashes = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    told = filestack.metadata(handle, **dict.fromkeys(hashes, "true"))
    assert told == {name: hashlib.new(name, picture()).hexdigest() for name in hashes}
    names = (
        "size", "mimetype", "filename", "width", "height", "uploaded", "writeable", "cloud", "source_url", "md5",
        "location", "path", "container",
    )  # fmt: skip
    told = filestack.metadata(handle, **dict.fromkeys(names, "true"))
    assert set(told) == set(names)
    assert (told["width"], told["height"], told["source_url"]) == (64, 48, None)
    text = filestack.store(b"no picture", "text/plain")["handle"]
    assert filestack.metadata(text, width="true", height="true") == {"width": None, "height": None}


def test_exif(filestack: Filestack, handle: str) -> None:
    """FS-26, FS-123: EXIF needs a policy that names it, and no other will do."""
    url = f"{filestack.file(handle)}/metadata"
    refused(filestack.http.get(url, params={"exif": "true"}), 403, "policy")
    for call in (None, ["stat", "read"]):
        refused(filestack.http.get(url, params={"exif": "true", **filestack.sign(call).query}), 403)
    told = filestack.http.get(url, params={"exif": "true", **filestack.sign(["exif"]).query})
    assert told.json()["exif"]["Orientation"] == 1
    both = {"exif": "true", "size": "true"}
    refused(filestack.http.get(url, params={**both, **filestack.sign("exif").query}), 403, "stat")
    told = filestack.http.get(url, params={**both, **filestack.sign(["stat", "exif"]).query})
    assert (set(told.json()), told.json()["size"]) == ({"exif", "size"}, len(picture()))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_overwriting(filestack: Filestack, handle: str, origin: str, method: str) -> None:
    """FS-28, FS-29, FS-123: by form, raw, and URL, with POST or PUT; the handle stays."""

    def overwrite(call: str, **how: object) -> httpx.Response:
        signed = filestack.sign(call, handle=handle).query
        return filestack.http.request(method, filestack.file(handle), params=signed, **how)  # type: ignore[arg-type]

    text = {"headers": {"Content-Type": "text/plain"}}
    answer = overwrite("write", content=b"words", **text)
    assert answer.json() == {
        "handle": handle,
        "url": f"{filestack.cdn}/{handle}",
        "filename": "réd.png",
        "size": 5,
        "type": "text/plain",
        "mimetype": "text/plain",
        "isWriteable": True,
    }
    assert content(filestack, handle) == b"words"
    assert overwrite("write", files={"fileUpload": ("new.png", GREEN)}).json()["filename"] == "new.png"
    assert content(filestack, handle) == GREEN
    assert overwrite("write", content=b'{"url": 1}', headers={"Content-Type": "application/json"}).status_code == 200
    assert content(filestack, handle) == b'{"url": 1}'
    for call in ("writeUrl", "write"):
        assert overwrite(call, data={"url": f"{origin}/green.png"}).status_code == 200
        assert content(filestack, handle) == GREEN
    assert filestack.metadata(handle, source_url="true") == {"source_url": f"{origin}/green.png"}
    refused(overwrite("writeUrl", content=b"words", **text), 403, "write")
    refused(overwrite("read", content=b"words", **text), 403, "write")
    assert content(filestack, handle) == GREEN


def test_overwriting_base64(filestack: Filestack, handle: str) -> None:
    """FS-28: `base64decode`, and a key that is not needed."""
    query = {"base64decode": "true", "key": filestack.key, **filestack.sign().query}
    assert filestack.http.post(filestack.file(handle), params=query, content=b"d29yZHM=").status_code == 200
    assert content(filestack, handle) == b"words"


@pytest.mark.parametrize("way", ["DELETE", "remove"])
def test_deleting(filestack: Filestack, handle: str, way: str) -> None:
    """FS-30, FS-32, FS-33: 200 with `success`; then there is nothing on any route."""
    method, url = (
        ("DELETE", filestack.file(handle)) if way == "DELETE" else ("POST", f"{filestack.file(handle)}/remove")
    )
    query = {"key": filestack.key, **filestack.sign("remove", handle=handle).query}
    answer = filestack.http.request(method, url, params=query)
    assert (answer.status_code, answer.text) == (200, "success")
    assert answer.headers["content-type"].startswith("text/plain")
    gone(filestack, handle, query)


def test_what_never_was(filestack: Filestack) -> None:
    """FS-33: the same for a handle that never was."""
    gone(filestack, "A" * 20, filestack.sign().query)


def gone(client: Filestack, handle: str, query: dict[str, str]) -> None:
    """Check that each route answers that there is no such file."""
    url = client.file(handle)
    refused(client.http.get(url), 404)
    refused(client.http.get(f"{url}/metadata"), 404)
    for method in ("DELETE", "POST", "PUT"):
        refused(client.http.request(method, url, params=query, content=b"words"), 404)
    refused(client.http.post(f"{url}/remove", params=query), 404)
    refused(client.http.post(f"{client.base}/api/store/S3/{handle}", params={"key": client.key}), 404)
    assert client.http.head(url).status_code == 404


def test_old_names_of_a_call(filestack: Filestack, handle: str) -> None:
    """FS-123: `revoke` is the old name of `remove`."""
    assert filestack.http.delete(filestack.file(handle), params=filestack.sign("revoke").query).status_code == 200


def test_keeping_the_bytes(filestack: Filestack) -> None:
    """FS-31: with `skip_storage` the handle goes, and the bytes stay, for the native API alone."""
    with Filestack(filestack.server, "keeper") as client:
        handle = client.store(picture(), filename="kept.png")["handle"]
        query = {"skip_storage": "true", **client.sign("remove").query}
        assert client.http.delete(client.file(handle), params=query).text == "success"
        refused(client.http.get(client.file(handle)), 404)
        with client.server.client(client.server.new_key("keeper")) as native:
            (asset,) = native.get("/v1/assets").json()["assets"]
            assert (asset["filename"], asset["public"]) == ("kept.png", False)
            assert native.get(f"/v1/assets/{asset['assetId']}").content == (picture())


def test_conversions_of_old(filestack: Filestack, handle: str) -> None:
    """FS-34: the legacy conversion is not there."""
    for method in ("GET", "POST"):
        answer = filestack.http.request(method, f"{filestack.file(handle)}/convert", params={"w": "10"})
        refused(answer, 404)

"""FileWhirl: what becomes of a file (FW-12, FW-30…FW-44)."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import httpx
import pikepdf
import pytest
import pyvips

LOADERS = {
    "jpg": "jpegload_buffer",
    "png": "pngload_buffer",
    "webp": "webpload_buffer",
    "avif": "heifload_buffer",
    "gif": "gifload_buffer",
    "tif": "tiffload_buffer",
}


def file(data: bytes, to: str, name: str = "Sunset.v2.bin") -> dict[str, Any]:
    """Return the form that brings a file."""
    return {"files": {"file": (name, data)}, "data": {"to": to}}


def opened(data: bytes) -> pyvips.Image:
    """Decode a picture."""
    return pyvips.Image.new_from_buffer(data, "")


@pytest.mark.parametrize(
    ("source", "to"),
    [("png", "jpg"), ("jpg", "webp"), ("webp", "png"), ("png", "avif"), ("avif", "gif"), ("gif", "tif")],
)
def test_pictures(caller: Any, sources: dict[str, bytes], source: str, to: str) -> None:
    """FW-19, FW-30, FW-32, FW-40, FW-44: the wanted format with the picture's pixels, to be saved under its name."""
    done, answer = caller.converted(**file(sources[source], to))
    assert set(done) == {"status", "output_url", "output_size", "engine"}
    assert type(done["output_size"]) is int
    assert done["engine"] == "libvips"
    made, original = opened(answer.content), opened(sources[source])
    assert made.get("vips-loader") == LOADERS[to]
    assert (made.width, made.height) == (300, 200)
    assert (made[:3].cast("float") - original[:3].cast("float")).abs().avg() < 15
    assert answer.headers["content-disposition"] == f'attachment; filename="Sunset.v2.{to}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"]


@pytest.mark.parametrize("source", ["jpg", "png", "webp", "avif", "gif", "tif", "pdf"])
def test_same_format_is_compressed(caller: Any, sources: dict[str, bytes], source: str) -> None:
    """FW-12, FW-19: the same format is made smaller; where that fails the original's bytes are served."""
    done, answer = caller.converted(**file(sources[source], source))
    assert done["output_size"] <= len(sources[source])
    again, smaller = caller.converted(**file(answer.content, source))
    assert again["output_size"] <= done["output_size"]
    if source == "pdf":
        assert smaller.content == answer.content


def test_pdf(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-19, FW-32: pictures to PDF, PDF to a picture, to text, and many pages to a ZIP."""
    done, answer = caller.converted(**file(sources["jpg"], "pdf", "scan.jpg"))
    assert (done["engine"], answer.headers["content-type"]) == ("qpdf", "application/pdf")
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert len(pdf.pages) == 1
    done, answer = caller.converted(**file(sources["pdf"], "png", "page.pdf"))
    assert done["engine"] == "pdfium"
    assert answer.headers["content-disposition"] == 'attachment; filename="page.png"'
    assert opened(answer.content).width / opened(answer.content).height == pytest.approx(1.5, rel=0.02)
    done, answer = caller.converted(**file(sources["two.pdf"], "jpg", "pages.pdf"))
    assert answer.headers["content-disposition"] == 'attachment; filename="pages.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert all(opened(archive.read(name)).get("vips-loader") == LOADERS["jpg"] for name in archive.namelist())
        assert len(archive.namelist()) == 2
    done, answer = caller.converted(**file(sources["two.pdf"], "txt", "pages.pdf"))
    assert "Whirled page 2" in answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="pages.txt"'
    assert done["engine"] in ("tesseract", "pdfium")


@pytest.mark.parametrize(("name", "to"), [("png", "jpg"), ("pdf", "png"), ("svg", "webp"), ("jpg", "jpg")])
def test_fetched(caller: Any, origin: str, name: str, to: str) -> None:
    """FW-10, FW-19, FW-44: a URL does as a file does; its last part is the name."""
    _, answer = caller.converted(json={"to": to, "url": f"{origin}/deep/Own%20name.{name}?a=b"})
    assert opened(answer.content).get("vips-loader") == LOADERS[to]
    assert answer.headers["content-disposition"] == f'attachment; filename="Own name.{to}"'


@pytest.mark.parametrize("path", ["/text", "/missing", "/x?to=http://10.0.0.1/", "/x?to=file:///etc/passwd"])
def test_fetched_what_can_not_be_used(caller: Any, origin: str, path: str) -> None:
    """FW-31, FW-32, DX-07: what the fetch shows ends the job in `error`, with the reason as text."""
    ended = caller.ended(json={"to": "gif" if path != "/text" else "mp3", "url": origin + path})
    assert set(ended) == {"status", "error"}
    assert ended["status"] == "error"
    assert isinstance(ended["error"], str)


def test_fetched_too_large(caller: Any, origin: str) -> None:
    """FW-18: a remote file above the limit ends the job in `error`."""
    tiny = caller.with_key("tiny", plan="tiny")
    ended = tiny.ended(json={"to": "jpg", "url": f"{origin}/big.png"})
    assert (ended["status"], "20000" in ended["error"]) == ("error", True)


def test_broken_file(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-31, FW-32, FW-36, FW-53: a broken file ends in `error`, and stays so."""
    body = caller.create(**file(sources["png"][:3000], "jpg"))
    ended = caller.poll(body["status_url"])
    assert ended["status"] == "error"
    assert caller.poll(body["status_url"]) == ended


def test_cancelled_is_an_error(caller: Any) -> None:
    """FW-31: no other word than the four, also for a job that its owner cancelled."""
    noise = pyvips.Image.gaussnoise(1200, 900, mean=128, sigma=60).cast("uchar").pngsave_buffer(compression=1)
    body = caller.create(**file(noise, "avif"))
    native = caller.new_key("whirl", None)
    with caller.server.client(native) as client:
        assert client.delete(f"/v1/jobs/{body['id']}").status_code == 204
    assert caller.poll(body["status_url"]) == {"status": "error", "error": "The job was cancelled."}


def test_polls_of_others(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-33, FW-34: wrong token, foreign key, unknown and native jobs are the same 404; what is missing is 400."""
    body = caller.create(**file(sources["png"], "jpg"))
    path, own = f"{caller.http.base_url}convert-api", {"id": body["id"], "token": body["token"]}
    stranger = caller.with_key("stranger")
    wrong = [{"token": body["token"][:-1]}, {"token": "\x00"}, {"id": "0" * 36}, {"id": "%00"}, {"id": "x" * 9999}]
    answers = [stranger.http.get(path, params=own), *(caller.http.get(path, params=own | change) for change in wrong)]
    for answer in answers:
        assert (answer.status_code, answer.json()) == (404, answers[0].json())
        assert set(answer.json()) == {"error"}
    for missing in ({"id": body["id"]}, {"token": body["token"]}, {}, {"id": "", "token": ""}):
        answer = caller.http.get(path, params=missing)
        assert (answer.status_code, set(answer.json())) == (400, {"error"})


def test_polls_are_not_limited(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-35, FW-36: twenty polls at once are all answered, and the end stays the end, with the same URL (FW-41)."""
    body = caller.create(**file(sources["png"], "jpg"))
    done = caller.poll(body["status_url"])
    answers = [caller.http.get(body["status_url"]) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json() == done for answer in answers)


def test_output_is_signed(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-40, FW-43, DX-13: without a key; altered or expired 403; `HEAD`, ranges and conditions work."""
    done, whole = caller.converted(**file(sources["png"], "jpg"))
    url = httpx.URL(done["output_url"])
    head = httpx.head(url)
    for name in ("content-type", "content-length", "content-disposition", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    part = httpx.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, whole.content[:4])
    assert httpx.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert httpx.get(url, headers={"Range": "bytes=99999999-"}).json().keys() == {"error"}
    expires = int(url.params["expires"])
    assert 3590 < expires - time.time() <= 3601
    signer_free = [
        url.copy_merge_params({"expires": expires + 1}),
        url.copy_merge_params({"expires": 1}),
        url.copy_merge_params({"expires": "9" * 400}),
        url.copy_merge_params({"signature": "x"}),
        url.copy_remove_param("signature"),
        url.copy_with(path=url.path[:-1] + "_"),
        url.copy_with(path=url.path + "%00"),
    ]
    for altered in signer_free:
        answer = httpx.get(altered)
        assert answer.status_code == 403, altered
        assert set(answer.json()) == {"error"}


def test_an_hour_from_the_end(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-41, FW-42, FW-43: the hour begins with `done`, the input goes at once; then all is 404."""
    caller = caller.with_key("hour")
    body = caller.create(**file(sources["png"], "jpg"))
    done = caller.poll(body["status_url"])
    url = httpx.URL(done["output_url"])
    asset = url.path.rpartition("/")[2]
    [(finished,)] = caller.rows("SELECT finished_at FROM jobs WHERE id = ?", body["id"])
    assert int(url.params["expires"]) == finished // 1_000_000 + 3600
    [(stored,)] = caller.rows("SELECT expires_at FROM files WHERE id = ?", asset)
    assert stored == int(url.params["expires"]) * 1_000_000
    uploads = "SELECT expires_at FROM files WHERE kind = 'upload' AND tenant = 'hour'"
    assert all(ends <= time.time() * 1_000_000 for (ends,) in caller.rows(uploads))
    caller.change("UPDATE files SET expires_at = 1 WHERE id = ?", asset)
    for answer in (caller.http.get(body["status_url"]), httpx.get(url)):
        assert answer.status_code == 404
        assert set(answer.json()) == {"error"}

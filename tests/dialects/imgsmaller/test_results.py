"""ImgSmaller: what becomes of a picture (IS-03, IS-40…IS-49)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pyvips

from filemill_server.tables import from_stored

LOADERS = {"jpeg": "jpegload_buffer", "png": "pngload_buffer", "webp": "webpload_buffer", "avif": "heifload_buffer"}
CANONICAL = {"jpg": "jpeg"}


def opened(data: bytes) -> pyvips.Image:
    """Decode a picture."""
    return pyvips.Image.new_from_buffer(data, "")


def difference(one: pyvips.Image, other: pyvips.Image) -> float:
    """Return how far the pixels of two pictures are apart on average."""
    return float((one.cast("float") - other.cast("float")).abs().avg())


@pytest.mark.parametrize("output", ["jpeg", "jpg", "png", "webp", "avif", "original"])
def test_formats(caller: Any, pictures: dict[str, bytes], output: str) -> None:
    """IS-21, IS-41, IS-43, IS-44, IS-46: the wanted format, told by the wanted word, with the picture's pixels."""
    done, data = caller.picture(files={"file": ("Sunset.PNG", pictures["webp"])}, data={"output": output})
    word = "webp" if output == "original" else output
    assert set(done) == {"status", "image_id", "download", "bytes", "format"}
    assert done["format"] == word
    assert type(done["image_id"]) is int
    assert 2**40 <= done["image_id"] < 2**53
    assert done["download"] == f"{caller.server.address}/imgsmaller/download/{done['image_id']}"
    made = opened(data)
    assert made.get("vips-loader") == LOADERS[CANONICAL.get(word, word)]
    assert (made.width, made.height) == (600, 400)
    assert difference(made, opened(pictures["webp"])) < 12


@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "avif"])
def test_auto_is_never_larger(caller: Any, pictures: dict[str, bytes], source: str) -> None:
    """IS-22, IS-46, IS-48: by default the format stays, the file gets smaller, and a second time it grows no more."""
    done, data = caller.picture(files={"file": (f"a.{source}", pictures[source])})
    assert done["format"] == source
    assert len(data) < len(pictures[source])
    if source == "png":
        assert opened(data).get("palette") == 1
    again, smaller = caller.picture(files={"file": (f"a.{source}", data)}, data={"target_size": "auto"})
    assert again["format"] == source
    assert len(smaller) <= len(data)


@pytest.mark.parametrize(
    ("source", "output"), [("jpeg", "original"), ("png", "webp"), ("webp", "avif"), ("png", "png")]
)
def test_target(caller: Any, pictures: dict[str, bytes], source: str, output: str) -> None:
    """IS-47: the best quality that fits the size."""
    form = {"target_size": "20KB", "output": output}
    _, data = caller.picture(files={"file": ("a", pictures[source])}, data=form)
    assert len(data) <= 20480
    if output != "png":
        assert len(data) > 14000, "it uses what it may"
        assert opened(data).width == 600


@pytest.mark.parametrize("output", ["jpeg", "png"])
def test_target_out_of_reach(caller: Any, pictures: dict[str, bytes], output: str) -> None:
    """IS-47: where no quality fits the picture is scaled down, not below 64 pixels, and the smallest is the result."""
    scaled, data = caller.picture(files={"file": pictures["jpeg"]}, data={"target_size": "5KB", "output": output})
    assert scaled["bytes"] <= 5120
    assert 64 <= opened(data).height < 400
    smallest, data = caller.picture(files={"file": pictures["jpeg"]}, data={"target_size": "100B", "output": output})
    assert smallest["status"] == "done"
    assert smallest["bytes"] > 100
    assert opened(data).height == 64


def test_target_above_the_original(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-47: what fits already does not grow."""
    done, _ = caller.picture(files={"file": pictures["webp"]}, data={"target_size": "9MB"})
    assert done["bytes"] <= len(pictures["webp"])


def test_alpha_goes_on_white(caller: Any) -> None:
    """DX-11: where the format has no transparency, white is under it."""
    clear = pyvips.Image.black(80, 60, bands=4).cast("uchar").copy(interpretation="srgb").pngsave_buffer()
    _, data = caller.picture(files={"file": clear}, data={"output": "jpg"})
    assert opened(data).avg() > 250


def test_turned_and_without_metadata(caller: Any) -> None:
    """DX-10: the pixels are upright, and EXIF with the place is gone."""
    image = pyvips.Image.black(90, 60, bands=3).cast("uchar").copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd3-GPSLatitude", "47/1 0/1 0/1")
    _, data = caller.picture(files={"file": image.jpegsave_buffer(Q=100)}, data={"output": "webp"})
    made = opened(data)
    assert (made.width, made.height) == (60, 90)
    assert not [name for name in made.get_fields() if "exif" in name]


def test_processing(caller: Any) -> None:
    """IS-03, IS-40, IS-42, IS-49: until it has ended, without a key, `processing` and when to ask again."""
    noise = pyvips.Image.gaussnoise(1200, 900, mean=128, sigma=60).cast("uchar").jpegsave_buffer(Q=90)
    url = caller.compress(files={"file": noise}, data={"output": "avif", "target_size": "300KB"})["result_url"]
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert answer.json() == {"status": "processing"}
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    assert caller.result(url)["status"] == "done"


def test_download(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-03, IS-44, DX-13: without a key, to be saved; `HEAD` and ranges work, a range beyond the end is 416."""
    done, data = caller.picture(files={"file": ("Sün set.png", pictures["png"])}, data={"output": "jpg"})
    whole = httpx.get(done["download"])
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["content-disposition"].startswith("attachment; ")
    assert "S%C3%BCn%20set.jpg" in whole.headers["content-disposition"]
    head = httpx.head(done["download"])
    assert head.content == b""
    for name in ("content-type", "content-length", "content-disposition", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    part = httpx.get(done["download"], headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, data[2:6])
    beyond = httpx.get(done["download"], headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert set(beyond.json()) == {"message"}


def test_retention(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-42, IS-44, IS-45: 24 hours from the end on; then result and download are 404."""
    done, _ = caller.picture(files={"file": pictures["jpeg"]})
    key = caller.compress(files={"file": pictures["jpeg"]})["progress_key"]
    later = caller.result(f"{caller.http.base_url}result/{key}")
    [(expires, finished)] = caller.rows(
        "SELECT files.expires_at, jobs.finished_at FROM files, jobs WHERE files.id = ? AND jobs.id = ?",
        str(later["image_id"]),
        key,
    )
    assert (from_stored(expires) - from_stored(finished)).total_seconds() == 86400
    assert from_stored(expires) > datetime.now(UTC)
    caller.change("UPDATE files SET expires_at = 1 WHERE id = ?", str(later["image_id"]))
    for url in (f"{caller.http.base_url}result/{key}", later["download"]):
        answer = httpx.get(url)
        assert answer.status_code == 404
        assert set(answer.json()) == {"message"}
    assert httpx.get(done["download"]).status_code == 200


def test_unknown(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-42, IS-43, IS-44: what is unknown is 404, and neither jobs nor assets of the native API are found here."""
    with caller.server.client() as native:
        answer = native.post("/v1/resize?width=20", content=pictures["jpeg"], headers={"Prefer": "respond-async"})
        job = answer.json()["jobId"]
        asset = native.post("/v1/resize?width=20", content=pictures["jpeg"]).json()["assetId"]
    paths = [f"result/{job}", "result/" + "0" * 32, "result/", "result/%00", "download/%00"]
    paths += [f"download/{asset}", f"download/{2**50}", "download/1", "download/" + "9" * 400, "download/{imageId}"]
    for path in paths:
        answer = httpx.get(f"{caller.http.base_url}{path}")
        assert answer.status_code == 404, path
        assert set(answer.json()) == {"message"}


def test_cancelled(caller: Any) -> None:
    """IS-42: a job that its owner cancelled is an `error`."""
    noise = pyvips.Image.gaussnoise(1200, 900, mean=128, sigma=60).cast("uchar").jpegsave_buffer(Q=90)
    mine = caller.with_key("tests")
    body = mine.compress(files={"file": noise}, data={"output": "avif", "target_size": "300KB"})
    native = caller.new_key("tests", None)
    with caller.server.client(native) as client:
        assert client.delete(f"/v1/jobs/{body['progress_key']}").status_code == 204
    assert mine.result(body["result_url"]) == {"status": "error", "message": "The job was cancelled."}


def test_two_results_have_unlike_ids(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-25, IS-43: keys and ids can't be told from others."""
    bodies = [caller.compress(files={"file": pictures["jpeg"]}) for _ in range(4)]
    assert len({body["progress_key"] for body in bodies}) == 4
    ids = [caller.result(body["result_url"])["image_id"] for body in bodies]
    assert len(set(ids)) == 4
    assert all(abs(one - other) > 1000 for one in ids for other in ids if one is not other)
    assert not any(re.search(str(one), str(bodies)) for one in ids)

"""Answers, output options and assets (IX-20…IX-33, IX-90…IX-93)."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime

import httpx
import pytest

from imgstax_client import MEMBERS, Imgstax, photo, refused

CALLS = (
    ("compress", {}),
    ("convert", {"format": "Png"}),
    ("compress-to-size", {"maxSizeBytes": 20_000}),
    ("resize", {"width": 90}),
    ("downsize", {"maxWidth": 90}),
    ("process", {}),
    ("packs/tiktok", {}),
)
NEVER = "a" * 43


@pytest.mark.parametrize(("endpoint", "body"), CALLS)
def test_common_answer(imgstax: Imgstax, endpoint: str, body: dict[str, object]) -> None:
    """IX-20, IX-21, IX-22, IX-23, IX-24, IX-30, IX-31: names, types, values; no `metadata` unasked."""
    before = time.time()
    said = imgstax.post(endpoint, photo(), **body).json()
    assert set(said) == MEMBERS
    assert all(isinstance(said[name], int) for name in ("width", "height", "sizeBytes"))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", said["assetId"])
    assert said["url"] == f"{imgstax.base}/assets/{said['assetId']}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["expiresAt"])
    left = datetime.fromisoformat(said["expiresAt"]).timestamp() - before
    assert 86_395 <= left <= 86_460


def test_metadata_comes_back_as_given(imgstax: Imgstax) -> None:
    """IX-25, IX-21: scalars of every kind, with their case; at most 4 KiB."""
    given = {"Name": "Ünï", "N": 7, "f": 1.5, "big": 123456789012345678901234567890, "t": True, "none": None}
    for endpoint, body in CALLS[:1] + CALLS[5:]:
        assert imgstax.post(endpoint, photo(), **body, metadata=given).json()["metadata"] == given
    assert imgstax.post("process", photo(), metadata={}).json()["metadata"] == {}
    full = {"a": "x" * (4096 - 8)}
    assert imgstax.post("process", photo(), metadata=full).json()["metadata"] == full
    for bad in ({"a": "x" * (4096 - 7)}, {"a": {}}, {"a": [1]}, [], "text", 7):
        refused(imgstax.post("process", photo(), metadata=bad), 400, "metadata")


@pytest.mark.parametrize("ttl", [60, 2_592_000])
def test_ttl(imgstax: Imgstax, ttl: int) -> None:
    """IX-30, IX-31: `expiresAt` is completion and ttl."""
    said = imgstax.post("compress", photo(), output={"ttlSeconds": ttl}).json()
    assert abs(datetime.fromisoformat(said["expiresAt"]).timestamp() - time.time() - ttl) < 5


@pytest.mark.parametrize(
    "output",
    [{"ttlSeconds": 59}, {"ttlSeconds": 2_592_001}, {"ttlSeconds": "60"}, {"public": "yes"}, {"idempotencyKey": ""}],
)
def test_output_is_checked(imgstax: Imgstax, output: dict[str, object]) -> None:
    """IX-31, IX-32, IX-33: else 400."""
    refused(imgstax.post("compress", photo(), output=output), 400, f"output.{next(iter(output))}")


def test_same_key_same_answer(imgstax: Imgstax) -> None:
    """IX-33: the first answer again; another body is 400; another endpoint or tenant has keys of its own."""
    output = {"idempotencyKey": "order-1", "ttlSeconds": 60}
    first = imgstax.post("compress", photo(), output=output)
    again = imgstax.post("compress", photo(), output=output)
    assert first.json() == again.json()
    refused(imgstax.post("compress", photo(), output=output, quality=3), 400)
    assert imgstax.post("resize", photo(), output=output, width=9).json()["assetId"] != first.json()["assetId"]
    native = imgstax.http.post(
        f"{imgstax.server.address}/v1/compress",
        json={"source": imgstax.source(photo())},
        headers={"Idempotency-Key": "order-1", "Accept": "application/json"},
    )
    assert native.json()["assetId"] != first.json()["assetId"]
    with Imgstax(imgstax.server, key=imgstax.server.new_key("other shop")) as other:
        assert other.post("compress", photo(), output=output).json()["assetId"] != first.json()["assetId"]


def test_refusals_are_not_kept(imgstax: Imgstax) -> None:
    """IX-33: a request that failed may be tried again under its key."""
    output = {"idempotencyKey": "order-2"}
    refused(imgstax.post("compress", source={"uploadId": NEVER}, output=output), 400)
    assert imgstax.post("compress", photo(), output=output).status_code == 200


def test_concurrent_duplicates_wait(imgstax: Imgstax) -> None:
    """IX-33: of many at once one is processed, and all have its asset."""
    answers: list[httpx.Response] = []
    output = {"idempotencyKey": "order-3"}
    source = imgstax.source(photo())

    def ask() -> None:
        body = {"source": source, "output": output, "format": {"type": "Avif", "compressionPriority": "Quality"}}
        answers.append(imgstax.http.post(f"{imgstax.base}/process", json=body))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.json()["assetId"] for answer in answers}) == 1


def test_key_is_free_when_the_asset_has_gone(imgstax: Imgstax) -> None:
    """IX-33: within the asset's life only."""
    output = {"idempotencyKey": "order-4"}
    first = imgstax.post("compress", photo(), output=output).json()
    gone = imgstax.http.delete(f"{imgstax.server.address}/v1/assets/{first['assetId']}")
    assert gone.status_code == 204
    second = imgstax.made("compress", photo(), output=output).body
    assert second["assetId"] != first["assetId"]


def test_download(imgstax: Imgstax) -> None:
    """IX-90, IX-93, DX-13: bytes and type; ETag, cache, ranges, 304 and 206; HEAD has the same headers."""
    said = imgstax.post("compress", photo(), output={"ttlSeconds": 600}).json()
    whole = imgstax.get(said)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "image/jpeg")
    assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert whole.headers["accept-ranges"] == "bytes"
    kind, age = whole.headers["cache-control"].split(", max-age=")
    assert kind == "public"
    assert 590 < int(age) <= 600
    part = imgstax.http.get(said["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    same = imgstax.http.get(said["url"], headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    head = imgstax.http.head(said["url"])
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    beyond = imgstax.http.get(said["url"], headers={"Range": "bytes=9999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "INVALID_REQUEST")


def test_who_may_download(imgstax: Imgstax) -> None:
    """IX-91, IX-32: own always; without a key only public ones, else 401; a foreign private one is 404."""
    public = imgstax.post("compress", photo()).json()
    private = imgstax.post("compress", photo(), output={"public": False}).json()
    assert imgstax.get(public).status_code == imgstax.get(private).status_code == 200
    assert imgstax.get(private).headers["cache-control"].startswith("private, max-age=")
    assert httpx.get(public["url"]).status_code == 200
    refused(httpx.get(private["url"]), 401)
    for said in (public, private):
        refused(httpx.get(said["url"], headers={"X-API-Key": "wrong"}), 401)


def test_after_its_end(imgstax: Imgstax) -> None:
    """IX-92, IX-33: 404 with a key and without, and the request under its key is done anew."""
    output = {"idempotencyKey": "order-5"}
    first = imgstax.post("compress", photo(), output=output).json()
    with closing(sqlite3.connect(imgstax.server.data / "filemill.db", timeout=20)) as database, database:
        database.execute("UPDATE files SET expires_at = 1 WHERE id = ?", [first["assetId"]])
    refused(imgstax.get(first), 404)
    refused(httpx.get(first["url"]), 404)
    assert imgstax.made("compress", photo(), output=output).body["assetId"] != first["assetId"]


def test_unknown_asset(imgstax: Imgstax) -> None:
    """IX-92: 404, with a key and without."""
    refused(imgstax.http.get(f"{imgstax.base}/assets/{NEVER}"), 404)
    refused(httpx.get(f"{imgstax.base}/assets/{NEVER}"), 404)

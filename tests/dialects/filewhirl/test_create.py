"""FileWhirl: keys, and what is accepted and refused (FW-01…FW-20, FW-54)."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from filemill.registry import Registry, load_registry
from filemill_server.dialects.filewhirl.conversions import conversions
from filemill_server.webhooks.sealing import Purpose, Sealer

BOTH = ("/filewhirl/functions/v1/convert-api", "/filewhirl/convert-api", "/functions/v1/convert-api")


def file(data: bytes, to: str, name: str = "picture.bin", **more: str) -> dict[str, Any]:
    """Return the form that brings a file."""
    return {"files": {"file": (name, data)}, "data": {"to": to, **more}}


@pytest.mark.parametrize("path", BOTH)
def test_one_path(caller: Any, sources: dict[str, bytes], path: str) -> None:
    """FW-01, FW-16, DX-04: `POST` creates and `GET` polls, with and without Supabase's part, at prefix and root."""
    address = f"{caller.server.address}{path}"
    headers = {"x-api-key": caller.http.headers["x-api-key"]}
    answer = httpx.post(address, headers=headers, **file(sources["png"], "jpg"))
    assert answer.status_code == 202
    body = answer.json()
    prefix = "/filewhirl" if path.startswith("/filewhirl") else ""
    assert body["status_url"].startswith(f"{caller.server.address}{prefix}/functions/v1/convert-api?")
    assert answer.headers["location"] == body["status_url"]
    asked = {"id": body["id"], "token": body["token"]}
    assert httpx.get(address, params=asked, headers=headers).json()["status"] in ("queued", "processing", "done")


def test_accepted(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-14, FW-15, FW-16, FW-57: 202 with a UUID, a token, and a URL that holds both; by default it is free."""
    body = caller.create(**file(sources["png"], "jpg"))
    assert set(body) == {"id", "token", "status", "billing", "status_url"}
    assert str(uuid.UUID(body["id"])) == body["id"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", body["token"])
    assert body["status"] == "queued"
    assert body["billing"] == "free"
    assert parse_qs(urlsplit(body["status_url"]).query) == {"id": [body["id"]], "token": [body["token"]]}
    other = caller.create(**file(sources["png"], "jpg"))
    assert other["id"] != body["id"]
    assert other["token"] != body["token"]


def test_keys(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-02, FW-03, FW-04, FW-05, DX-05: `x-api-key` alone counts, also for polls; keys begin `ff_live_`."""
    secret = caller.http.headers["x-api-key"]
    assert secret.startswith("ff_live_")
    elsewhere = {"Authorization": "Bearer nonsense", "apikey": "nonsense"}
    body = caller.create(**file(sources["png"], "jpg"), headers=elsewhere)
    foreign = caller.new_key("f", "imgsmaller")
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": f"Bearer {secret}", "apikey": secret},
        {"x-api-key": "ff_live_" + "a" * 43},
        {"x-api-key": foreign},
    ]
    for headers in wrong:
        for answer in (
            httpx.get(body["status_url"], headers=headers),
            httpx.post(f"{caller.http.base_url}convert-api"),
        ):
            assert answer.status_code == 401
            assert set(answer.json()) == {"error"}
    listed = caller.server.command("keys", "list").stdout
    assert secret not in listed
    assert secret.encode() not in (caller.server.data / "filemill.db").read_bytes(), "FW-03, DX-15"


@pytest.mark.parametrize("to", ["JPG", ".jpg", "jpeg", ".JPEG", " jpg "])
def test_spellings_of_a_format(caller: Any, sources: dict[str, bytes], to: str) -> None:
    """FW-13: any case, with or without a dot, by each of its names."""
    _, answer = caller.converted(**file(sources["png"], to, "a.png"))
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == 'attachment; filename="a.jpg"'


def test_optional_fields(caller: Any, sources: dict[str, bytes], origin: str) -> None:
    """FW-11, DX-09: `from` and `notify_email` are taken; what a file is decides its content."""
    wished = {"from": "docx", "notify_email": "nobody@example.com"}
    assert caller.ended(**file(sources["png"], "webp", "a.docx", **wished))["status"] == "done"
    fetched = {"to": "webp", "url": f"{origin}/Own%20name.png", **wished}
    assert caller.ended(json=fetched)["status"] == "done"


def test_file_wins(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-17: where both are given the file counts."""
    _, answer = caller.converted(**file(sources["jpg"], "png", "mine.jpg", url="http://192.0.2.1/a.jpg"))
    assert "mine.png" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"url": "https://example.com/a.png"}},
        {"json": {"to": "jpg"}},
        {"json": {"to": "", "url": "https://example.com/a.png"}},
        {"json": {"to": 5, "url": "https://example.com/a.png"}},
        {"json": {"to": "jpg", "url": ["https://example.com/a.png"]}},
        {"json": {"to": "jpg", "url": "ftp://example.com/a.png"}},
        {"json": {"to": "jpg", "url": "not a url"}},
        {"json": {"to": "jpg", "url": "file:///etc/passwd"}},
        {"json": {"to": "nonsense", "url": "https://example.com/a.png"}},
        {"json": {"to": "heic", "url": "https://example.com/a.png"}},
        {"json": ["to", "url"]},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"data": {"to": "jpg"}},
        {"files": {"file": ("a.png", b"")}, "data": {"to": "jpg"}},
        {"files": {"other": ("a.png", b"abc")}, "data": {"to": "jpg"}},
        {"files": {"file": ("a.mp4", b"\0\0\0\x18ftypmp42" + bytes(80))}, "data": {"to": "jpg"}},
        {"files": {"file": ("a.txt", b"plain text")}, "data": {"to": "mp3"}},
        {},
    ],
)
def test_bad_requests(caller: Any, sent: dict[str, Any]) -> None:
    """FW-05, FW-17: what is missing, malformed or impossible is 400 with `error`."""
    caller.refused(400, **sent)


def test_pairs_that_are_not_possible(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-17: a format that is read here does not become each other one."""
    caller.refused(400, **file(sources["pdf"], "mp4"))
    caller.refused(400, **file(b"plain text, but long enough to be some", "mp3"))


def test_size_limit(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-18, FW-54, DX-08, DX-17: 413 with a byte more than the limit, which is 2 GiB by the dialect's own plan."""
    tiny = caller.with_key("tiny", plan="tiny")
    picture = sources["svg"]
    exact = picture + b" " * (20000 - len(picture))
    tiny.create(**file(exact, "png"))
    tiny.refused(413, **file(exact + b" ", "png"))
    [(plan,)] = caller.rows("SELECT plan FROM keys WHERE name = 'whirl'")
    assert plan == "filewhirl"


def test_answered_before_the_work(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-20: the answer comes within a second, whatever the work takes: it has not ended by then."""
    import pyvips

    noise = pyvips.Image.gaussnoise(1200, 900, mean=128, sigma=60).cast("uchar").pngsave_buffer(compression=1)
    body = caller.create(**file(noise, "avif"))
    assert caller.http.get(body["status_url"]).json()["status"] in ("queued", "processing")
    [(order,)] = caller.rows("SELECT request FROM jobs WHERE id = ?", body["id"])
    work = json.loads(Sealer((caller.server.data / "secret").read_bytes(), Purpose.JOB).open(order, body["id"]))
    assert work["deadline_seconds"] == 3600, "FW-42"
    [(made, ends)] = caller.rows("SELECT created_at, expires_at FROM files WHERE id = ?", work["files"][0])
    assert (ends - made) / 1_000_000 == pytest.approx(24 * 3600, abs=1), "FW-42: a queued input lasts so long"
    assert caller.poll(body["status_url"])["status"] == "done"


def test_conversions_are_those_of_the_plugins() -> None:
    """FW-12, FW-17, FW-19: pictures to pictures and PDF, PDF to pictures and text; without plugins there is none."""
    registry = load_registry()
    readable = {"jpeg", "png", "webp", "avif", "gif", "tiff", "jxl", "jp2", "heic", "raw", "svg"}
    assert set(conversions(registry, "jpg")) >= readable | {"pdf", "docx", "xlsx", "pptx", "md"}
    assert set(conversions(registry, "pdf")) >= readable | {"pdf", "docx", "xlsx", "pptx", "md"}
    assert set(conversions(registry, "mp3")) >= {"mp4", "webm", "wav"}
    assert set(conversions(registry, "7z")) >= {"zip", "tar"}
    assert conversions(registry, "tif")["tiff"] == {"op": "convert", "format": "tiff"}
    assert conversions(registry, "svg") == {}
    assert conversions(registry, "exe") == {}
    assert "pdf" in conversions(registry, "txt")
    assert set(conversions(Registry(), "txt")) == {"text"}

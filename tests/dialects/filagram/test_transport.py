"""How Filagram is asked and where its results are: FG-01…FG-11, and DX lines of results."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from litestar.testing import RequestFactory

from filagram_wire import OPERATIONS, client_of, done, fetched, form, moment, new_key, opened, refused
from filemill_server.dialects.filagram.keys import secret
from live import LiveServer

RESIZED = ("url", "width", "height", "size")


def resized(client: httpx.Client, photo: Path, width: int = 120) -> dict[str, str]:
    """Resize the photo."""
    return done(client.post("/api/v1/resize", files=form(photo), data={"width": str(width)}), *RESIZED)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_six_operations_by_post(filagram: httpx.Client, operation: str) -> None:
    """FG-01, FG-67: each is a `POST` of a form; no other method is there, and `Allow` says so."""
    path = f"/api/v1/{operation}"
    assert "file" in refused(filagram.post(path, files={"other": b"x"}), 400, "BAD_REQUEST")
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        response = filagram.request(method, path)
        refused(response, 405, "METHOD_NOT_ALLOWED")
        assert "POST" in response.headers["allow"].split(", ")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_needs_a_key(server: LiveServer, photo: Path, operation: str) -> None:
    """FG-02, FG-62: without a bearer token it is 401, with `WWW-Authenticate`."""
    with client_of(server, "") as client:
        response = client.post(f"/api/v1/{operation}", files=form(photo))
    assert refused(response, 401, "UNAUTHORIZED") == "Missing or invalid API key."
    assert response.headers["www-authenticate"] == "Bearer"


def test_live_and_test_keys(server: LiveServer, photo: Path) -> None:
    """FG-03, FG-05: both kinds of keys have the same work done."""
    keys = [new_key(server), new_key(server, test=True)]
    assert [key[:8] for key in keys] == ["sk_live_", "sk_test_"]
    made = []
    for key in keys:
        with client_of(server, key) as client:
            made.append(fetched(resized(client, photo)["url"]))
    assert made[0] == made[1]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_in_any_case(server: LiveServer, filagram_key: str, photo: Path, scheme: str) -> None:
    """FG-04: the name of the scheme is compared without regard to case."""
    with client_of(server, "") as client:
        client.headers["Authorization"] = f"{scheme} {filagram_key}"
        resized(client, photo)


def test_other_keys_are_unknown(server: LiveServer, filagram_key: str, photo: Path) -> None:
    """FG-04, DX-05: a native key, a key of another dialect, a key with another prefix and a made-up one."""
    foreign = new_key(server, dialect="imgstax", prefix="sk")
    other_prefix = new_key(server, dialect=None, prefix="fm")
    for key in (server.key, foreign, other_prefix, filagram_key[:-1] + "?", "sk_live_", "sk_live_nobody"):
        with client_of(server, key) as client:
            refused(client.post("/api/v1/resize", files=form(photo), data={"width": "9"}), 401, "UNAUTHORIZED")
    with client_of(server, "") as client:
        for headers in ({"Authorization": filagram_key}, {"Authorization": f"Basic {filagram_key}"}):
            response = client.post("/api/v1/resize", files=form(photo), data={"width": "9"}, headers=headers)
            refused(response, 401, "UNAUTHORIZED")
        response = client.post("/api/v1/resize", files=form(photo), headers={"X-API-Key": filagram_key})
        refused(response, 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"Authorization": "Bearer sk_live_x"}, "sk_live_x"),
        ({"Authorization": "bearer  sk_test_x "}, "sk_test_x"),
        ({"Authorization": "Bearer fm_live_x"}, ""),
        ({"Authorization": "Basic sk_live_x"}, None),
        ({"X-API-Key": "sk_live_x"}, None),
        ({}, None),
    ],
)
def test_bearer_tokens_choose_it(headers: dict[str, str], found: str | None) -> None:
    """DX-02, FG-02, FG-04: a bearer token is for Filagram, of whatever form; only its own can be a key's."""
    assert secret(RequestFactory().get("/", headers=headers)) == found


def test_a_key_of_no_dialect_works_by_its_prefix(server: LiveServer, photo: Path) -> None:
    """DX-05: a key that is bound to no dialect is one of Filagram's where it looks like one."""
    with client_of(server, new_key(server, dialect=None, prefix="sk")) as client:
        resized(client, photo)


def test_result_is_at_its_url(server: LiveServer, filagram: httpx.Client, photo: Path) -> None:
    """FG-06, FG-07, FG-08, DX-04, DX-12: a URL below the prefix, open to everybody, with at least 128 random bits."""
    answer = filagram.post("/api/v1/resize", files=form(photo), data={"width": "120"})
    body = done(answer, *RESIZED)
    assert answer.headers["x-request-id"]
    match = re.fullmatch(re.escape(f"{server.address}/filagram/output/") + r"([A-Za-z0-9_-]+)\.jpg", body["url"])
    assert match is not None
    assert len(match[1]) * 6 >= 128
    response = httpx.get(body["url"])
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-request-id"]
    assert len(response.content) == body["size"]
    assert opened(response.content).width == 120


def test_head_has_the_headers_of_get(filagram: httpx.Client, photo: Path) -> None:
    """DX-13: `HEAD` says what `GET` says."""
    url = resized(filagram, photo)["url"]
    named = ("content-type", "content-length", "etag", "last-modified", "content-disposition", "accept-ranges")
    got, head = httpx.get(url), httpx.head(url)
    assert head.status_code == 200
    assert head.content == b""
    assert {name: head.headers[name] for name in named} == {name: got.headers[name] for name in named}


def test_results_in_part_and_unchanged(filagram: httpx.Client, photo: Path) -> None:
    """FG-07: a result is served as files are: in part, or not again."""
    url = resized(filagram, photo)["url"]
    whole = httpx.get(url)
    part = httpx.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert httpx.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    beyond = httpx.get(url, headers={"Range": "bytes=99999999-"})
    refused(beyond, 416, "RANGE_NOT_SATISFIABLE")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"


def test_only_its_own_name_is_a_result(server: LiveServer, filagram: httpx.Client, photo: Path) -> None:
    """FG-07, FG-08: another extension, no extension, a foreign or a private asset is 404."""
    url = resized(filagram, photo)["url"]
    stem = url.removesuffix(".jpg")
    with server.client() as native:
        private = native.post("/v1/resize", params={"width": 10}, content=photo.read_bytes()).json()["assetId"]
    base = f"{server.address}/filagram/output"
    for wrong in (f"{stem}.png", stem, f"{url}.jpg", f"{stem}x.jpg", f"{base}/{private}.jpg", f"{base}/.jpg"):
        refused(httpx.get(wrong), 404, "NOT_FOUND")


def test_expires_after_a_day(server: LiveServer, filagram: httpx.Client, photo: Path) -> None:
    """FG-09, FG-10: a result lives for 24 hours; then its URL is 404. The sweeper takes what is expired."""
    before = datetime.now(UTC).replace(microsecond=0)
    body = resized(filagram, photo)
    expires = moment(body["expires_at"])
    assert before + timedelta(days=1) <= expires <= datetime.now(UTC) + timedelta(days=1)
    asset_id = Path(body["url"]).stem
    with sqlite3.connect(server.data / "filemill.db", timeout=30) as database:
        (stored,) = database.execute("SELECT expires_at FROM files WHERE id = ?", [asset_id]).fetchone()
        assert fetched(body["url"])
        database.execute("UPDATE files SET expires_at = expires_at - ? WHERE id = ?", [stored, asset_id])
    refused(httpx.get(body["url"]), 404, "NOT_FOUND")


def test_texts_and_unknown_parts(filagram: httpx.Client, photo: Path) -> None:
    """FG-11: of a text that is sent twice the last one counts; unknown fields, texts and files, are left."""
    data = {"width": ["nonsense", "70"], "rotate": "90", "callback": "http://127.0.0.1/"}
    files = [("file", ("a.jpg", photo.read_bytes())), ("mask", ("b.bin", b"\x00\x01"))]
    body = done(filagram.post("/api/v1/resize?width=5", files=files, data=data), *RESIZED)
    assert (body["width"], body["height"]) == (70, 47)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "merge-pdf"])
def test_an_empty_file_is_missing(filagram: httpx.Client, operation: str) -> None:
    """FG-11, FG-61: a required part without a byte counts as missing."""
    data = {"width": "9", "to": "png"}
    response = filagram.post(f"/api/v1/{operation}", files={"file": ("a.jpg", b"")}, data=data)
    assert "file" in refused(response, 400, "BAD_REQUEST")
    refused(filagram.post(f"/api/v1/{operation}", data={**data, "file": "text"}), 400, "BAD_REQUEST")

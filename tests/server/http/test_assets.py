"""Assets, uploads, keys and idempotency over REST."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from live import LiveServer

Made = dict[str, object]


@pytest.fixture
def made(client: httpx.Client, photo: Path) -> Made:
    """A fresh result."""
    answer: Made = client.post("/v1/resize", params={"width": 64, "format": "png"}, content=photo.read_bytes()).json()
    return answer


@pytest.fixture
def stranger(server: LiveServer) -> Iterator[httpx.Client]:
    """A client of another tenant."""
    with server.client(server.new_key("stranger")) as found:
        yield found


@pytest.fixture
def anonymous(server: LiveServer) -> Iterator[httpx.Client]:
    """A client without a key."""
    with server.client("") as found:
        yield found


def code_of(response: httpx.Response) -> tuple[int, str]:
    """Return a problem's status and code."""
    return response.status_code, response.json()["code"]


def test_asset_headers(client: httpx.Client, made: Made) -> None:
    """NA-41, NC-09, NC-10, NC-12: what a download says of itself."""
    response = client.get(f"/v1/assets/{made['assetId']}")
    assert response.status_code == 200
    digest = hashlib.sha256(response.content)
    assert response.headers["etag"] == f'"{digest.hexdigest()}"'
    assert response.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"].startswith("private, max-age=")
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-disposition"] == 'inline; filename="file.png"'
    assert "last-modified" in response.headers
    head = client.head(f"/v1/assets/{made['assetId']}", headers={"Range": "bytes=0-3"})
    assert head.status_code == 200
    assert head.content == b""
    compared = ("etag", "content-length", "content-type", "content-disposition", "repr-digest", "last-modified")
    assert {name: head.headers[name] for name in compared} == {name: response.headers[name] for name in compared}


def test_ranges_and_conditions(client: httpx.Client, made: Made) -> None:
    """NC-10, NC-11: 206, 416 and 304 on a real asset."""
    url = f"/v1/assets/{made['assetId']}"
    whole = client.get(url)
    size = len(whole.content)
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    assert part.headers["repr-digest"] == whole.headers["repr-digest"]
    beyond = client.get(url, headers={"Range": f"bytes={size}-"})
    assert code_of(beyond) == (416, "RANGE_NOT_SATISFIABLE")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert client.get(url, headers={"Range": "bytes=0-1,4-5"}).content == whole.content
    same = client.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == whole.headers["etag"]
    assert "cache-control" in same.headers
    stale = client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, whole.content)


def test_who_may_read(anonymous: httpx.Client, client: httpx.Client, stranger: httpx.Client, made: Made) -> None:
    """NA-41: own key, signed URL or public; foreign, forged and unknown are the same 404."""
    url = f"/v1/assets/{made['assetId']}"
    signed = str(made["url"])
    assert anonymous.get(signed).status_code == 200
    assert code_of(stranger.get(url)) == (404, "NOT_FOUND")
    assert code_of(anonymous.get(url)) == (401, "UNAUTHORIZED")
    assert code_of(anonymous.get(signed[:-3] + "AAA")) == (404, "NOT_FOUND")
    later = signed.replace("expires=", "expires=9")
    assert code_of(anonymous.get(later)) == (404, "NOT_FOUND")
    assert code_of(client.get("/v1/assets/" + "A" * 43)) == (404, "NOT_FOUND")
    for change in (
        stranger.delete,
        lambda path: stranger.put(path, content=b"{}"),
        lambda path: stranger.post(path + "/copy"),
    ):
        assert code_of(change(url)) == (404, "NOT_FOUND")


def test_delete_ends_it_now(client: httpx.Client, made: Made) -> None:
    """NA-41, NC-13: 204, and then it is gone, by its signed URL too."""
    url = f"/v1/assets/{made['assetId']}"
    assert client.delete(url, headers={"If-Match": '"other"'}).status_code == 412
    assert client.delete(url).status_code == 204
    assert code_of(client.get(url)) == (404, "NOT_FOUND")
    assert httpx.get(str(made["url"])).status_code == 404
    assert code_of(client.delete(url)) == (404, "NOT_FOUND")


def test_replace_and_copy(client: httpx.Client, made: Made, photo: Path) -> None:
    """NA-41: new bytes under the same id, guarded by `If-Match`; a second asset of the same bytes."""
    url = f"/v1/assets/{made['assetId']}"
    before = client.get(url)
    copied = client.post(f"{url}/copy", json={"output": {"filename": "copy.png", "public": True, "ttlSeconds": 60}})
    assert copied.status_code == 201
    assert copied.headers["location"] == f"/v1/assets/{copied.json()['assetId']}"
    stale = client.put(url, content=photo.read_bytes(), headers={"If-Match": '"other"'})
    assert code_of(stale) == (412, "PRECONDITION_FAILED")
    replaced = client.put(url, content=photo.read_bytes(), headers={"If-Match": before.headers["etag"]})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["mimeType"] == "image/jpeg"
    assert client.get(url).content == photo.read_bytes()
    second = httpx.get(copied.json()["url"])
    assert second.content == before.content
    assert second.headers["cache-control"].startswith("public")


def test_list_pages_by_cursor(server: LiveServer, photo: Path) -> None:
    """NA-41, NC-15: own assets only, newest first, with a cursor and a `Link`."""
    with server.client(server.new_key("lister")) as client:
        check_pages(client, photo)


def check_pages(client: httpx.Client, photo: Path) -> None:
    """List five results, three a page."""
    ids = [
        client.post("/v1/resize", params={"width": 8 + number}, content=photo.read_bytes()).json()["assetId"]
        for number in range(5)
    ]
    first = client.get("/v1/assets", params={"limit": 3})
    assert 'rel="next"' in first.headers["link"]
    body = first.json()
    rest = client.get("/v1/assets", params={"limit": 3, "cursor": body["nextCursor"]}).json()
    assert rest["nextCursor"] is None
    assert sorted(asset["assetId"] for asset in body["assets"] + rest["assets"]) == sorted(ids)
    assert code_of(client.get("/v1/assets", params={"limit": 0})) == (422, "INVALID_PARAMETER")
    assert code_of(client.get("/v1/assets", params={"cursor": "x!"})) == (422, "INVALID_PARAMETER")


def test_uploads(client: httpx.Client, stranger: httpx.Client, photo: Path) -> None:
    """NA-40: kept, described, foreign to others, deleted."""
    answer = client.post("/v1/uploads", files={"file": ("mine.jpg", photo.read_bytes(), "image/png")})
    body = answer.json()
    assert answer.status_code == 201
    assert body["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert (body["filename"], body["mimeType"], body["sizeBytes"]) == ("mine.jpg", "image/jpeg", photo.stat().st_size)
    url = f"/v1/uploads/{body['uploadId']}"
    assert client.get(url).json() == body
    assert code_of(stranger.get(url)) == (404, "NOT_FOUND")
    assert code_of(stranger.post("/v1/flip", json={"source": {"uploadId": body["uploadId"]}}))[0] == 422
    assert client.delete(url).status_code == 204
    assert code_of(client.get(url)) == (404, "NOT_FOUND")
    assert code_of(client.post("/v1/uploads", content=b"")) == (422, "INVALID_PARAMETER")
    assert code_of(client.post("/v1/uploads", content=b"\x00\x01\x02"))[0] == 415


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nope"}, {"X-API-Key": "nope"}, {"Authorization": "Basic eDp5"}]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", f"/v1/{name}") for name in ("resize", "process", "packs", "uploads")]
    + [("GET", "/v1/assets"), ("GET", "/metrics")],
)
def test_a_key_is_needed(server: LiveServer, headers: dict[str, str], method: str, path: str) -> None:
    """NA-01, NC-14: 401 with `WWW-Authenticate`, `error` only where a token was sent."""
    response = httpx.request(method, f"{server.address}{path}", headers=headers, content=b"x")
    assert code_of(response) == (401, "UNAUTHORIZED")
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer")
    assert ("invalid_token" in challenge) is ("nope" in str(headers))


def test_both_ways_to_send_a_key(server: LiveServer) -> None:
    """NA-01: `Authorization: Bearer` and `X-API-Key`."""
    for headers in ({"Authorization": f"bearer {server.key}"}, {"X-API-Key": server.key}):
        assert httpx.get(f"{server.address}/v1/assets", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/health/live", "/health/ready", "/openapi.json", "/docs", "/", "/v1/operations", "/v1/formats", "/v1/packs"],
)
def test_open_paths(server: LiveServer, path: str) -> None:
    """NA-02: what answers without a key."""
    assert httpx.get(f"{server.address}{path}", follow_redirects=True).status_code == 200


def test_a_revoked_key_stops(server: LiveServer) -> None:
    """NA-60: a revoked key is refused within a second."""
    key = server.new_key("leaver")
    headers = {"X-API-Key": key}
    assert httpx.get(f"{server.address}/v1/assets", headers=headers).status_code == 200
    listed = server.command("keys", "list").stdout
    row = next(line for line in listed.splitlines() if "leaver" in line)
    server.command("keys", "revoke", next(word for word in row.replace("│", " ").split()))
    for _ in range(12):
        response = httpx.get(f"{server.address}/v1/assets", headers=headers)
        if response.status_code == 401:
            return
        time.sleep(0.1)
    pytest.fail("the revoked key still works after a second")


def post(client: httpx.Client, photo: Path, key: str, **parameters: object) -> httpx.Response:
    """Post with an idempotency key."""
    return client.post(
        "/v1/resize", params={"width": 33, **parameters}, content=photo.read_bytes(), headers={"Idempotency-Key": key}
    )


def test_idempotency_replays_the_first_answer(client: httpx.Client, photo: Path) -> None:
    """NC-04: the same request is worked on once and answered alike; another body is 422."""
    first = post(client, photo, '"one"')
    again = post(client, photo, "one")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert code_of(post(client, photo, "one", height=3)) == (422, "INVALID_PARAMETER")


def test_idempotency_of_bytes_and_of_failures(client: httpx.Client, photo: Path) -> None:
    """NC-04: bytes are replayed as bytes; a failed request does not hold its key."""
    headers = {"Idempotency-Key": "bytes", "Accept": "image/*"}
    first = client.post("/v1/resize", params={"width": 20}, content=photo.read_bytes(), headers=headers)
    again = client.post("/v1/resize", params={"width": 20}, content=photo.read_bytes(), headers=headers)
    assert again.content == first.content
    assert again.headers["x-asset-id"] == first.headers["x-asset-id"]
    assert again.headers["idempotency-replayed"] == "true"
    broken = client.post("/v1/flip", content=b"\xff\xd8\xffbroken", headers={"Idempotency-Key": "fails"})
    assert broken.status_code == 422
    assert client.post("/v1/flip", content=photo.read_bytes(), headers={"Idempotency-Key": "fails"}).status_code == 200


def test_idempotency_in_the_body(client: httpx.Client, photo: Path) -> None:
    """NA-29: `output.idempotencyKey` is the same as the header."""
    data = {"output": json.dumps({"idempotencyKey": "in-body"})}
    request = client.build_request("POST", "/v1/flip", files={"file": photo.read_bytes()}, data=data)
    form, kind = request.read(), request.headers["content-type"]
    answers = [client.post("/v1/flip", content=form, headers={"Content-Type": kind}) for _ in range(2)]
    assert answers[0].json()["assetId"] == answers[1].json()["assetId"]


def test_idempotency_under_concurrency(client: httpx.Client, photo: Path) -> None:
    """NC-04: while the first one runs the others are 409 with `Retry-After`; one asset is made."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(client, photo, "race"), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 409)
    assert len({answer.json()["assetId"] for answer in answers if answer.status_code == 200}) == 1


SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


@pytest.mark.parametrize("way", ["asset", "result", "bytes"])
def test_a_drawing_is_delivered_without_rights(client: httpx.Client, made: Made, tmp_path: Path, way: str) -> None:
    """An SVG as it came, kept by its owner or taken out of an archive, has a policy wherever its bytes are given."""
    if way == "asset":
        assert client.put(f"/v1/assets/{made['assetId']}", content=SCRIPT).json()["mimeType"] == "image/svg+xml"
        answer = client.get(f"/v1/assets/{made['assetId']}")
    else:
        with zipfile.ZipFile(path := tmp_path / "drawing.zip", "w") as archive:
            archive.writestr("drawing.svg", SCRIPT)
        headers = {"Accept": "image/svg+xml"} if way == "bytes" else {}
        answer = client.post("/v1/extract", content=path.read_bytes(), headers=headers)
        if way == "result":
            answer = client.get(answer.json()["url"])
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment")

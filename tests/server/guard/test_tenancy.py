"""What belongs to a tenant is there for no other: over every route of the native API and of each dialect (NA-60)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from filemill_server.dialects.loading import OURS
from foreign_requests import FOREIGN, HELD, OF_NOBODY, Asked, Route
from foreign_things import NATIVE, PICTURE, Tenant, never
from live import LiveServer
from origin import serving

_PASSING = {"date", "x-request-id", "instance", "request_id"}
"""What is another in each answer."""


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Iterator[Tenant]:
    """Has one of everything."""
    made = Tenant(server, "owner")
    made.get_things()
    yield made
    made.close()


@pytest.fixture(scope="module")
def stranger(server: LiveServer) -> Iterator[Tenant]:
    """Has keys, and nothing else."""
    made = Tenant(server, "stranger")
    yield made
    made.close()


def native_routes(server: LiveServer) -> set[Route]:
    """Return the routes of the native API's document that have a parameter."""
    with server.client("") as client:
        paths = client.get("/openapi.json").json()["paths"]
    return {
        (NATIVE, method.upper(), path)
        for path, item in paths.items()
        for method in item
        if "{" in path and method != "parameters"
    }


def dialect_routes() -> set[Route]:
    """Return all routes of the dialects: an id may also stand in a query or a body."""
    return {
        (dialect.name, method, path)
        for dialect in OURS
        for route in dialect.routes
        for method in route.http_methods
        for path in route.paths
    }


def test_every_route_is_known(server: LiveServer) -> None:
    """NA-60: a new route has an example here, or a reason why none is possible; an old one that has gone has none."""
    named = {asked.route for asked in FOREIGN if "{" in asked.path or asked.dialect} | HELD.keys() | OF_NOBODY
    assert named == native_routes(server) | dialect_routes()


def told(answer: httpx.Response, id: str) -> tuple[Any, ...]:
    """Return what an answer says, without the id that was asked for, and without what is another in each."""
    headers = {name: value for name, value in answer.headers.items() if name not in _PASSING}
    text = answer.text.replace(id, "ID")
    body: object = text
    if text and "json" in answer.headers.get("content-type", ""):
        body = {name: value for name, value in answer.json().items() if name not in _PASSING}
    return answer.status_code, headers, str(body).replace(id, "ID")


@pytest.mark.parametrize("asked", FOREIGN, ids=str)
def test_another_tenant_is_told_nothing(owner: Tenant, stranger: Tenant, asked: Asked) -> None:
    """NA-60: with a foreign key, and without any, the answer is that for an id that never was, to the letter."""
    real = owner.things[asked.thing]
    other = never(real)
    foreign = asked.send(stranger, owner, real)
    assert foreign.status_code == asked.foreign, foreign.text
    assert told(foreign, real) == told(asked.send(stranger, owner, other), other)
    if asked.keyless is not None:
        keyless = asked.send(None, owner, real)
        assert keyless.status_code == asked.keyless, keyless.text
        assert told(keyless, real) == told(asked.send(None, owner, other), other)


def test_nothing_of_the_owner_is_changed(owner: Tenant, stranger: Tenant) -> None:
    """NA-60: whatever another one asks for, all that the owner has stays as it is, its counts as well."""
    before = owner.sees()
    for asked in FOREIGN:
        asked.send(stranger, owner, owner.things[asked.thing])
        if asked.keyless is not None:
            asked.send(None, owner, owner.things[asked.thing])
    assert owner.sees() == before


def test_lists_are_of_their_tenant(owner: Tenant, stranger: Tenant) -> None:
    """NA-15, NA-60, NC-15: no list, count or metric of another one has anything of the owner, at no cursor of its."""
    ids = {name: text for name, text in owner.things.items() if name not in ("domain", "token")}
    page = owner.ask(NATIVE, "GET", "/v1/assets", params={"limit": "1"}).json()["nextCursor"]
    for path in (
        *("/v1/assets", "/v1/jobs", "/v1/webhooks/endpoints", "/v1/domains", "/v1/webhooks/secret", "/v1/usage"),
        *("/v1/keys", "/metrics", "/health/ready", f"/v1/assets?cursor={page}", f"/v1/jobs?cursor={page}"),
    ):
        answer = stranger.ask(NATIVE, "GET", path)
        assert answer.status_code == (403 if path == "/v1/keys" else 200), answer.text
        assert [name for name, text in ids.items() if text in answer.text] == [], path
        assert "owner" not in answer.text, path
    assert owner.ask(NATIVE, "GET", "/v1/jobs").json()["jobs"]


def test_inputs_of_jobs(owner: Tenant, stranger: Tenant) -> None:
    """NA-50, NA-60: a job and the parts of a batch that name what is another's fail as if it had never been."""
    for name in ("upload", "asset", "handle"):
        real = owner.things[name]
        errors = []
        for source in ({"uploadId" if name == "upload" else "assetId": thing} for thing in (real, never(real))):
            picture = {"base64": base64.b64encode(PICTURE).decode()}
            for path, said in (
                ("/v1/flip", {"source": source}),
                ("/v1/batches", {"sources": [source], "steps": [{"op": "flip"}]}),
                ("/v1/watermark", {"source": picture, "image": source}),
            ):
                job = stranger.made(NATIVE, path, json=said, headers={"Prefer": "respond-async"})["jobId"]
                ended = stranger.ended(job, "failed", "succeeded")
                if path == "/v1/batches":
                    (ended,) = stranger.ask(NATIVE, "GET", f"/v1/jobs/{job}/parts").json()["parts"]
                assert ended["status"] == "failed", path
                errors.append((ended["error"]["code"], ended["error"]["errors"]))
        assert errors[:3] == errors[3:]
        assert {code for code, _ in errors} == {"INVALID_PARAMETER"}


def test_idempotency_keys(owner: Tenant, stranger: Tenant) -> None:
    """NC-04, IX-33, NA-60: the key of another tenant's request is free, and nothing of its answer comes back."""
    told = []
    for tenant in (owner, stranger, owner):
        answer = tenant.ask(NATIVE, "POST", "/v1/flip", content=PICTURE, headers={"Idempotency-Key": "same"})
        assert answer.status_code == 200, answer.text
        told.append((answer.json()["assetId"], "idempotency-replayed" in answer.headers))
    assert [replayed for _, replayed in told] == [False, False, True]
    assert told[0][0] == told[2][0] != told[1][0]
    made = []
    for tenant in (owner, stranger, owner):
        sent = tenant.ask(NATIVE, "POST", "/v1/uploads", content=PICTURE, headers={"Content-Type": "image/png"})
        source = {"uploadId": owner.things["upload"] if tenant is owner else sent.json()["uploadId"]}
        said = {"source": source, "width": 1, "output": {"idempotencyKey": "same", "public": False}}
        made.append(tenant.made("imgstax", "/v1/resize", json=said)["assetId"])
    assert made[0] == made[2] != made[1]


def test_files_in_chains(owner: Tenant, stranger: Tenant) -> None:
    """FS-33, FS-51, NA-60: a handle of another app is none, wherever a chain of tasks names it."""
    own = stranger.app.store(PICTURE)["handle"]
    gone = never(own)
    key = stranger.app.key
    said = []
    for handle in (owner.things["handle"], never(owner.things["handle"])):
        answers = [
            stranger.http.get(f"/filestack/cdn/{key}/{chain}")
            for chain in (
                f"watermark=file:{handle}/{own}",
                f"zip/[{own},{handle}]",
                f"fallback=file:{handle}/resize=width:1/{gone}",
                f"imagesize/{handle}",
                f"metadata/{handle}",
                f"src://{handle}/a",
            )
        ]
        assert [answer.status_code for answer in answers] == [400, 404, 404, 404, 404, 501], [a.text for a in answers]
        said.append([answer.text.replace(handle, "ID") for answer in answers])
    assert said[0] == said[1]


def test_kept_transforms(owner: Tenant, stranger: Tenant) -> None:
    """FS-51, NA-60: of the same chain over the same URL each has its own result, and pays for it."""
    with serving({"a.png": PICTURE}) as port:
        url = f"http://127.0.0.1:{port}/a.png"
        counts = []
        for tenant in (owner, stranger, stranger):
            before = tenant.used()
            answer = tenant.http.get(f"/filestack/cdn/{tenant.app.key}/rotate=deg:90/{url}")
            assert answer.status_code == 200, answer.text
            counts.append(tenant.used() - before)
    assert counts == [1, 1, 0]


@pytest.mark.parametrize(("route", "thing"), HELD.items(), ids=lambda part: part if isinstance(part, str) else part[2])
def test_urls_that_work_for_their_holder(owner: Tenant, stranger: Tenant, route: Route, thing: str) -> None:
    """FW-40, FS-107, IS-44, FG-06: a URL that nobody can guess needs no key; one sign of it changed, it is none."""
    _, method, _ = route
    url = owner.things[thing]
    content = b"abc" if method == "PUT" else None
    for key in ("", stranger.keys[NATIVE]):
        headers = {"X-API-Key": key} if key else {}
        assert stranger.http.request(method, url, headers=headers, content=content).status_code == 200
    place = re.search(r"[A-Za-z0-9_-]{13,}", url.partition("//")[2].partition("/")[2].replace("convert-api", "/"))
    assert place is not None
    changed = url.replace(place[0], never(place[0]))
    assert stranger.http.request(method, changed, content=content).status_code in (403, 404)


def test_what_contracts_say_of_who_has_no_key(owner: Tenant, stranger: Tenant) -> None:
    """FS-05, FS-06, IX-91: reading a file by its handle is open, changing it is not; a private result wants a key."""
    file = f"/filestack/api/file/{owner.things['third']}"
    policy = stranger.app.sign(["remove", "write"]).query
    secret = ("app", stranger.app.secret)
    assert owner.http.get(file).content == PICTURE
    for answer, status in (
        (owner.http.delete(file), 403),
        (owner.http.delete(file, params=policy), 403),
        (owner.http.put(file, content=b"a", params=policy), 403),
        (owner.http.delete(file, auth=secret), 401),
        (owner.http.get(f"/imgstax/v1/assets/{owner.things['stax']}"), 401),
        (owner.http.get(owner.things["link"]), 200),
    ):
        assert answer.status_code == status, answer.text
    assert owner.http.get(file).content == PICTURE


@pytest.mark.parametrize("asked", FOREIGN, ids=str)
def test_the_owner_may(owner: Tenant, asked: Asked) -> None:
    """NA-60: in the owner's name the same requests do what they say: what another is refused for is whose it is."""
    answer = asked.send(owner, owner, owner.things[asked.thing])
    if asked.own is None:
        assert answer.is_success, answer.text
    else:
        assert answer.status_code == asked.own, answer.text

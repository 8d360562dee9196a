"""Who may do what by the File API: keys, policies, app secrets, other people's files (FS-05…FS-07, FS-120…FS-125)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from filestack_client import Filestack, Signed, picture, refused

HEADERS = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def strict(filestack: Filestack) -> Iterator[Filestack]:
    """An app that needs a signature for every call."""
    with Filestack(filestack.server, "strict", signed=True) as client:
        yield client


@pytest.fixture(scope="module")
def stranger(filestack: Filestack) -> Iterator[Filestack]:
    """Another app."""
    with Filestack(filestack.server, "stranger") as client:
        yield client


@pytest.fixture
def handle(filestack: Filestack) -> str:
    """A stored picture."""
    made: str = filestack.store(picture(), filename="red.png")["handle"]
    return made


def signed(client: Filestack, text: bytes | str, **codec: bool) -> Signed:
    """Sign a text that may be no policy."""
    data = text.encode() if isinstance(text, str) else text
    policy = (base64.b64encode if codec.get("standard") else base64.urlsafe_b64encode)(data).decode()
    return sealed(client, policy)


def sealed(client: Filestack, policy: str) -> Signed:
    """Sign what is base64, or claims to be."""
    return Signed(policy, hmac.digest(client.secret.encode(), policy.encode(), hashlib.sha256).hex())


def test_what_needs_a_signature(filestack: Filestack, handle: str) -> None:
    """FS-06: changing and deleting do; reading and storing do not."""
    url, key = filestack.file(handle), {"key": filestack.key}
    refused(filestack.http.delete(url, params=key), 403, "policy")
    refused(filestack.http.post(f"{url}/remove", params=key), 403, "policy")
    refused(filestack.http.post(url, params=key, content=b"x"), 403, "policy")
    refused(filestack.http.put(url, params=key, data={"url": "http://x/"}), 403, "policy")
    assert filestack.http.get(url, params=key).content == picture()
    assert filestack.http.get(f"{url}/metadata", params=key).status_code == 200


def test_an_app_whose_calls_are_all_signed(strict: Filestack) -> None:
    """FS-06, FS-124: the switch of an app; each call needs what it does, and what is read is private."""
    store = f"{strict.base}/api/store/S3"

    def post(call: str | None) -> httpx.Response:
        query = {"key": strict.key, **(strict.sign(call).query if call else {})}
        return strict.http.post(store, params=query, content=picture(), headers=HEADERS)

    refused(post(None), 403, "policy")
    refused(post("pick"), 403, "store")
    handle = post("store").json()["handle"]
    url = strict.file(handle)
    for path, call, wrong in ((url, "read", "stat"), (f"{url}/metadata", "stat", "read")):
        refused(strict.http.get(path), 403, "policy")
        refused(strict.http.get(path, params=strict.sign(wrong).query), 403, call)
        assert strict.http.get(path, params=strict.sign(call).query).status_code == 200
    assert strict.http.get(url, params=strict.sign("read").query).headers["cache-control"].startswith("private")
    copy = f"{store}/{handle}"
    refused(strict.http.post(copy, params={"key": strict.key}), 403)
    assert strict.http.post(copy, params={"key": strict.key, **strict.sign("store").query}).status_code == 200


def test_one_switch_for_a_tenant(strict: Filestack) -> None:
    """FS-06: another key of the same tenant is no way around it."""
    handle = strict.http.post(
        f"{strict.base}/api/store/S3",
        params={"key": strict.key, **strict.sign("store").query},
        content=picture(),
    ).json()["handle"]
    with Filestack(strict.server, "strict") as beside:
        refused(beside.http.get(beside.file(handle), params={"key": beside.key}), 403)
        own = beside.sign("read").query
        assert beside.http.get(beside.file(handle), params={"key": beside.key, **own}).status_code == 200
        assert beside.http.get(beside.file(handle), params=own).status_code == 200
        refused(beside.http.get(beside.file(handle), params={"key": strict.key, **own}), 403, "signature")


def test_both_alphabets(filestack: Filestack) -> None:
    """FS-121: standard and URL-safe base64; a `+` that was not encoded is one."""
    expiry = int(time.time()) + 600
    text = f'{{"expiry":{expiry},"call":"remove","url":"~?>~?>~?>?"}}'
    assert {"+", "/"} & set(signed(filestack, text, standard=True).policy)
    for standard in (True, False):
        made = signed(filestack, text, standard=standard)
        url = filestack.file(filestack.store(picture())["handle"])
        query = f"policy={made.policy}&signature={made.signature}"
        assert filestack.http.delete(f"{url}?{query}").status_code == 200, query
        url = filestack.file(filestack.store(picture())["handle"])
        assert filestack.http.delete(url, params=made.query).status_code == 200


def test_refusals(filestack: Filestack, stranger: Filestack, handle: str) -> None:
    """FS-120, FS-122, FS-125: expired, forged, for another file or call: 403; unreadable: 400. Nothing is deleted."""
    url = filestack.file(handle)
    right = filestack.sign("remove")
    wrong = [
        filestack.sign("remove", expires_in=-5),
        Signed(right.policy, right.signature.upper()),
        Signed(right.policy, right.signature[:-1]),
        Signed(right.policy, "é" * 64),
        Signed(filestack.sign("read").policy, right.signature),
        stranger.sign("remove"),
        filestack.sign("read"),
        filestack.sign([]),
        filestack.sign("remove", handle="B" * 20),
    ]
    for security in wrong:
        refused(filestack.http.delete(url, params=security.query), 403)
    unreadable = [
        sealed(filestack, "%%%"),
        signed(filestack, "no JSON"),
        signed(filestack, "[]"),
        signed(filestack, "{}"),
        signed(filestack, b"\xff\xfe"),
        signed(filestack, '{"expiry":"soon"}'),
        signed(filestack, "[" * 5000),
        sealed(filestack, "A" * 9000),
    ]
    for security in unreadable:
        refused(filestack.http.delete(url, params=security.query), 400)
    refused(filestack.http.delete(url, params={"policy": right.policy}), 400, "signature")
    refused(filestack.http.delete(url, params={"signature": right.signature}), 400, "policy")
    assert filestack.http.get(url).content == picture()


def test_a_policy_that_is_not_needed_is_checked(filestack: Filestack, handle: str) -> None:
    """FS-125: who shows a wrong one is refused, though none was asked for."""
    forged = Signed(filestack.sign("read").policy, "0" * 64)
    refused(filestack.http.get(filestack.file(handle), params=forged.query), 403, "signature")


def test_restrictions(filestack: Filestack) -> None:
    """FS-122, FS-124: sizes, path, container and the URL of a source."""
    size = len(picture())

    def post(security: Signed, **query: str) -> httpx.Response:
        params = {"key": filestack.key, **security.query, **query}
        return filestack.http.post(f"{filestack.base}/api/store/S3", params=params, content=picture(), headers=HEADERS)

    assert post(filestack.sign("store", minSize=size, maxSize=size)).status_code == 200
    refused(post(filestack.sign("store", maxSize=size - 1)), 403, str(size))
    refused(post(filestack.sign("store", minSize=size + 1)), 403, str(size))
    assert post(filestack.sign("store", path="public/"), path="public/a.png").status_code == 200
    refused(post(filestack.sign("store", path="public/"), path="secret/a.png"), 403, "path")
    refused(post(filestack.sign("store", path="public/")), 403, "path")
    assert post(filestack.sign("store", container="^a"), container="abc").status_code == 200
    refused(post(filestack.sign("store", container="^a"), container="bc"), 403, "container")
    for restriction, text in (("container", "other"), ("path", "elsewhere/")):  # what a form says is no way around
        form = filestack.http.post(
            f"{filestack.base}/api/store/S3",
            params={"key": filestack.key, **filestack.sign("store", **{restriction: "^(a|$)"}).query},
            data={restriction: text},
            files={"fileUpload": picture()},
        )
        refused(form, 403, restriction)
    by_url = filestack.http.post(
        f"{filestack.base}/api/store/S3",
        params={"key": filestack.key, **filestack.sign("store", url="https://good.example/").query},
        json={"url": "http://127.0.0.1:9/"},
    )
    refused(by_url, 403, "url")
    handle = filestack.store(picture(), path="public/b.png", container="box")["handle"]
    for wrong in ({"path": "secret/"}, {"container": "other"}, {"maxSize": size - 1}):
        refused(filestack.http.get(filestack.file(handle), params=filestack.sign("read", **wrong).query), 403)
    covering = filestack.sign("read", path="public/", container="box", maxSize=size).query
    assert filestack.http.get(filestack.file(handle), params=covering).status_code == 200
    small = filestack.sign("write", maxSize=3).query
    refused(filestack.http.post(filestack.file(handle), params=small, content=b"four"), 403, "4 bytes")
    there = filestack.sign("writeUrl", url="https://good.example/").query
    refused(filestack.http.post(filestack.file(handle), params=there, data={"url": "http://x.example/"}), 403, "url")


def test_basic(filestack: Filestack, stranger: Filestack, handle: str) -> None:
    """FS-07: `app` and the app secret in place of a policy."""
    url, right = filestack.file(handle), ("app", filestack.secret)
    for wrong in (("app", stranger.secret), ("app", ""), ("root", filestack.secret), ("app", filestack.key)):
        refused(filestack.http.delete(url, auth=wrong), 401)
    for header in ("Basic", "Basic ***", "Basic " + "A" * 5000, "Basic w7/DvzrDvw=="):
        refused(filestack.http.delete(url, headers={"Authorization": header}), 401)
    told = filestack.http.get(f"{url}/metadata", params={"exif": "true"}, auth=right)
    assert told.status_code == 200
    assert filestack.http.post(url, content=b"words", auth=right).status_code == 200
    assert filestack.http.delete(url, auth=right, params={"key": filestack.key}).text == "success"
    stored = filestack.http.post(
        f"{filestack.base}/api/store/S3", params={"key": filestack.key}, content=b"words", auth=right
    )
    assert stored.status_code == 200


def test_other_peoples_files(filestack: Filestack, stranger: Filestack, handle: str) -> None:
    """FS-33, DX-05: with the key of another app there is no such file; a signature of another app is none."""
    url, theirs = stranger.file(handle), {"key": stranger.key}
    for method, path in (("GET", url), ("GET", f"{url}/metadata"), ("DELETE", url), ("POST", url), ("PUT", url)):
        query = {**theirs, **stranger.sign().query}
        refused(stranger.http.request(method, path, params=query), 404)
    refused(stranger.http.post(f"{stranger.base}/api/store/S3/{handle}", params=theirs), 404)
    refused(stranger.http.delete(url, params=stranger.sign("remove").query), 403)
    assert filestack.http.get(url).content == picture()


def test_native_assets(filestack: Filestack) -> None:
    """FS-33: a public asset of the native API can be read; a private one with a signature; neither is changed."""
    with Filestack(filestack.server, "both") as client, client.server.client(client.server.new_key("both")) as native:
        ids = {}
        for public in (True, False):
            output = json.dumps({"public": public})
            made = native.post("/v1/convert", files={"file": picture()}, data={"format": "webp", "output": output})
            ids[public] = made.json()["assetId"]
        assert client.http.get(client.file(ids[True])).status_code == 200
        assert client.metadata(ids[True])["writeable"] is False
        for key in ({}, {"key": client.key}):
            refused(client.http.get(client.file(ids[False]), params=key), 403)
            refused(client.http.get(f"{client.file(ids[False])}/metadata", params=key), 403)
        refused(client.http.post(f"{client.base}/api/store/S3/{ids[False]}", params={"key": client.key}), 403)
        assert client.http.get(client.file(ids[False]), params=client.sign("read").query).status_code == 200
        refused(client.http.delete(client.file(ids[True]), params=client.sign("remove").query), 404)
        refused(client.http.post(client.file(ids[True]), params=client.sign("write").query, content=b"x"), 404)


def test_a_revoked_key(filestack: Filestack) -> None:
    """FS-33, FS-182: neither it nor what its secret signed works; the files stay for who has their handles."""
    with Filestack(filestack.server, "leaver") as client:
        handle = client.store(picture())["handle"]
        signed = client.sign("remove").query
        with client.server.client(client.server.admin) as native:
            (key,) = (key for key in native.get("/v1/keys").json()["keys"] if key["name"] == "leaver")
            assert native.delete(f"/v1/keys/{key['keyId']}").status_code == 204
        refused(client.http.get(client.file(handle), params={"key": client.key}), 401)
        refused(client.http.delete(client.file(handle), params=signed), 403)
        assert client.http.get(client.file(handle)).content == picture()


def test_keys_are_shown_once(filestack: Filestack) -> None:
    """FS-09, DX-15: key and app secret by the command line and by the API; only a key with a secret is `--signed`."""
    words = ("keys", "create", "--name", "shown", "--dialect", "filestack", "--signed")
    key, secret = filestack.server.command(*words).stdout.split()
    assert re.fullmatch(r"A[A-Za-z0-9]{20}z", key)
    assert len(secret) == 32
    refused(filestack.http.post(f"{filestack.base}/api/store/S3", params={"key": key}, content=b"x"), 403, "policy")
    with filestack.server.client(filestack.server.admin) as native:
        made = native.post("/v1/keys", json={"name": "b", "dialect": "filestack", "signed": True})
        assert made.status_code == 201
        assert (len(made.json()["appSecret"]), made.json()["about"]["signed"]) == (32, True)
        listed = native.get("/v1/keys").text
        assert made.json()["appSecret"] not in listed
        assert made.json()["key"] not in listed
        wrong = native.post("/v1/keys", json={"name": "b", "signed": True})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/signed")

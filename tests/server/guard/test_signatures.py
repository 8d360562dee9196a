"""Signed URLs of a live server: one spelling, one thing, one moment; and a change of the secret that signs them."""

from __future__ import annotations

import http.client
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from filemill_server.links import signed_asset_url, signed_upload_url
from filemill_server.signing import Signer, Use
from filemill_server.webhooks.sealing import Purpose, Sealer
from filestack_client import Filestack, picture
from filestack_uploads import Upload
from live import LiveServer, StartServer, problem

OLD, NEW = "the secret of before, 32 bytes or more", "the secret of now, also 32 bytes or more"
DATA = picture()
LATER = 4_000_000_000
PARTS = bytes(range(256)) * 64


class Asset(NamedTuple):
    """An asset that is not public, and the signed URL that the server gave."""

    server: LiveServer
    id: str
    url: str

    @property
    def expires(self) -> str:
        """The moment of its URL."""
        return httpx.URL(self.url).params["expires"]

    @property
    def signature(self) -> str:
        """The signature of its URL."""
        return httpx.URL(self.url).params["signature"]

    def get(self, target: str) -> tuple[int, bytes]:
        """Ask for a path and query just as they are written, without a key."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)) as connection:
            connection.putrequest("GET", target, skip_accept_encoding=True)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture(scope="module")
def signing(start_server: StartServer) -> LiveServer:
    """A server whose secret is known."""
    return start_server(secret=OLD, workers="1", fetch_allow_networks="127.0.0.0/8")


@pytest.fixture(scope="module")
def asset(signing: LiveServer) -> Asset:
    """A private asset."""
    return made(signing)


def made(server: LiveServer) -> Asset:
    """Have an asset made."""
    with server.client() as client:
        body = client.post("/v1/flip", content=DATA).json()
    return Asset(server, body["assetId"], body["url"])


def escaped(text: str) -> str:
    """Write every character as a percent escape, the letters of it in upper case."""
    return "".join(f"%{ord(character):02X}" for character in text)


Spelling = Callable[[Asset], str]

SAME: dict[str, Spelling] = {
    "as given": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={a.signature}",
    "in another order": lambda a: f"/v1/assets/{a.id}?signature={a.signature}&expires={a.expires}",
    "with more beside it": lambda a: f"/v1/assets/{a.id}?a=1&expires={a.expires}&b&signature={a.signature}&a=2",
    "escaped id": lambda a: f"/v1/assets/{escaped(a.id)}?expires={a.expires}&signature={a.signature}",
    "escaped path": lambda a: f"/v1/%61ssets/{a.id}?expires={a.expires}&signature={a.signature}",
    "escaped in lower case": lambda a: (
        f"/v1/assets/{a.id}?expires={a.expires}&signature={escaped(a.signature).lower()}"
    ),
    "escaped names": lambda a: f"/v1/assets/{a.id}?%65xpires={escaped(a.expires)}&{escaped('signature')}={a.signature}",
}
OTHER: dict[str, Spelling] = {
    "later": lambda a: f"/v1/assets/{a.id}?expires={int(a.expires) + 1}&signature={a.signature}",
    "earlier": lambda a: f"/v1/assets/{a.id}?expires={int(a.expires) - 1}&signature={a.signature}",
    "zeros before": lambda a: f"/v1/assets/{a.id}?expires=0{a.expires}&signature={a.signature}",
    "cut where numbers were cut": lambda a: f"/v1/assets/{a.id}?expires={a.expires:0>18}9&signature={a.signature}",
    "a plus before": lambda a: f"/v1/assets/{a.id}?expires=%2B{a.expires}&signature={a.signature}",
    "a space after": lambda a: f"/v1/assets/{a.id}?expires={a.expires}%20&signature={a.signature}",
    "a line after": lambda a: f"/v1/assets/{a.id}?expires={a.expires}%0A&signature={a.signature}",
    "a fraction": lambda a: f"/v1/assets/{a.id}?expires={a.expires}.0&signature={a.signature}",
    "full-width digits": lambda a: f"/v1/assets/{a.id}?expires=%EF%BC%91{a.expires[1:]}&signature={a.signature}",
    "expires twice": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&expires={LATER}&signature={a.signature}",
    "expires twice alike": lambda a: (
        f"/v1/assets/{a.id}?expires={a.expires}&expires={a.expires}&signature={a.signature}"
    ),
    "signature twice": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={a.signature}&signature=x",
    "no expires": lambda a: f"/v1/assets/{a.id}?signature={a.signature}",
    "empty signature": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature=",
    "padded": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={a.signature}%3D",
    "unused bits": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={a.signature[:-1]}{neighbour(a)}",
    "first letter": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature=*{a.signature[1:]}",
    "swapped case": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={a.signature.swapcase()}",
    "escaped twice": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature={escaped(escaped(a.signature))}",
    "names in capitals": lambda a: f"/v1/assets/{a.id}?Expires={a.expires}&Signature={a.signature}",
    "semicolons": lambda a: f"/v1/assets/{a.id}?expires={a.expires};signature={a.signature}",
    "no text": lambda a: f"/v1/assets/{a.id}?expires={a.expires}&signature=%FF%C0%80",
    "another's": lambda a: f"/v1/assets/{a.id}?{urlsplit(made(a.server).url).query}",
    "id in another case": lambda a: f"/v1/assets/{a.id.swapcase()}?expires={a.expires}&signature={a.signature}",
    "id with more": lambda a: f"/v1/assets/{a.id}%00?expires={a.expires}&signature={a.signature}",
    "path above": lambda a: f"/v1/assets/x/../{a.id}?expires={a.expires}&signature={a.signature}",
    "slash escaped": lambda a: f"/v1%2Fassets%2Fx%2F..%2F{a.id}?expires={a.expires}&signature={a.signature}",
}


def neighbour(asset: Asset) -> str:
    """Return another last letter of a signature that decodes to the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = letters.index(asset.signature[-1])
    return letters[at ^ 1]


@pytest.mark.parametrize("spelling", SAME.values(), ids=SAME.keys())
def test_what_means_the_same_is_the_same(asset: Asset, spelling: Spelling) -> None:
    """Escapes are read before anything is compared, and the order of a query and what else is in it mean nothing."""
    assert asset.get(spelling(asset)) == (200, asset.get(SAME["as given"](asset))[1])


@pytest.mark.parametrize("spelling", OTHER.values(), ids=OTHER.keys())
def test_what_means_something_else_is_refused(asset: Asset, spelling: Spelling) -> None:
    """NA-41: any other text than the one that was signed is the same 404 as an asset that is not there."""
    status, body = asset.get(spelling(asset))
    assert status in (401, 404), body
    assert DATA[:4] not in body
    assert b'"code":"NOT_FOUND"' in body or b'"code":"UNAUTHORIZED"' in body


def test_the_moment_is_signed(signing: LiveServer, asset: Asset) -> None:
    """A URL ends at its moment; one that was right before is refused like a wrong one."""
    signer = Signer(OLD.encode())
    soon = int(time.time()) + 2
    url = signed_asset_url(signer, signing.address, asset.id, soon)
    assert httpx.get(url).status_code == 200
    while time.time() < soon:
        time.sleep(0.05)
    body = problem(httpx.get(url), 404, "NOT_FOUND")
    assert "signature is wrong or its time is over" in body["detail"]
    wrong = signed_asset_url(Signer(NEW.encode()), signing.address, asset.id, LATER)
    assert problem(httpx.get(wrong), 404, "NOT_FOUND")["detail"] == body["detail"]
    unknown = signed_asset_url(Signer(NEW.encode()), signing.address, "x" * 43, LATER)
    assert problem(httpx.get(unknown), 404, "NOT_FOUND")["detail"] == body["detail"]


@pytest.fixture(scope="module")
def key_id(signing: LiveServer) -> str:
    """The id of the key that the server made at its first start."""
    with signing.client() as client, closing(sqlite3.connect(signing.data / "filemill.db")) as database:
        assert client.get("/v1/assets").status_code == 200
        found: str = database.execute("SELECT id FROM keys WHERE name = 'first'").fetchone()[0]
        return found


@pytest.fixture
def upload_url(signing: LiveServer, key_id: str) -> str:
    """A URL to send files to."""
    return signed_upload_url(Signer(OLD.encode()), signing.address, key_id, LATER)


def test_upload_url(signing: LiveServer, upload_url: str) -> None:
    """A signed URL takes a file without a key, as the body and as a form, and it is an upload of the key's tenant."""
    raw = httpx.post(upload_url, content=DATA)
    form = httpx.post(upload_url, files={"file": ("x.png", DATA)})
    with signing.client() as client:
        for answer in (raw, form):
            assert answer.status_code == 201, answer.text
            assert client.get(f"/v1/uploads/{answer.json()['uploadId']}").json() == answer.json()
    again = httpx.get(f"{signing.address}/v1/uploads/{raw.json()['uploadId']}", params=httpx.URL(upload_url).params)
    problem(again, 401, "UNAUTHORIZED")


def test_upload_url_is_for_nothing_else(signing: LiveServer, upload_url: str, key_id: str, asset: Asset) -> None:
    """It sends whole files: no parameters, no parts, no other path; and an asset's signature does not send any."""
    url = httpx.URL(upload_url)
    problem(httpx.post(url.copy_add_param("ttlSeconds", "60"), content=DATA), 422, "INVALID_PARAMETER")
    problem(httpx.post(url, content=DATA, headers={"Upload-Complete": "?0"}), 403, "FORBIDDEN")
    problem(httpx.get(url.copy_with(path="/v1/assets")), 401, "UNAUTHORIZED")
    problem(httpx.post(url.copy_with(path="/v1/flip"), content=DATA), 401, "UNAUTHORIZED")
    signer = Signer(OLD.encode())
    of_asset = {"key": key_id, "expires": str(LATER), "signature": signer.sign(key_id, LATER)}
    problem(httpx.post(url.copy_with(params=of_asset), content=DATA), 401, "UNAUTHORIZED")
    of_upload = {"expires": str(LATER), "signature": signer.sign(asset.id, LATER, Use.UPLOAD)}
    problem(httpx.get(f"{signing.address}/v1/assets/{asset.id}", params=of_upload), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.copy_set_param("expires", LATER + 1),
        lambda url: url.copy_add_param("expires", LATER + 1),
        lambda url: url.copy_add_param("key", "another"),
        lambda url: url.copy_set_param("key", "another"),
        lambda url: url.copy_remove_param("key"),
        lambda url: url.copy_set_param("signature", "x" * 43),
    ],
)
def test_altered_upload_url(upload_url: str, change: Callable[[httpx.URL], httpx.URL]) -> None:
    """Whatever is altered, it is refused with a typed error that says why it may be."""
    body = problem(httpx.post(change(httpx.URL(upload_url)), content=DATA), 401, "UNAUTHORIZED")
    assert "signature is wrong" in body["detail"]


def test_upload_url_ends(signing: LiveServer, key_id: str) -> None:
    """A URL whose moment is past is refused."""
    url = signed_upload_url(Signer(OLD.encode()), signing.address, key_id, int(time.time()))
    problem(httpx.post(url, content=DATA), 401, "UNAUTHORIZED")


def test_upload_url_of_a_dialects_key(signing: LiveServer) -> None:
    """DX-05: a key of a dialect is unknown to the native API, also by its id."""
    made = signing.make_key("elsewhere", dialect="filewhirl")
    url = signed_upload_url(Signer(OLD.encode()), signing.address, made["about"]["keyId"], LATER)
    problem(httpx.post(url, content=DATA), 401, "UNAUTHORIZED")


class Before(NamedTuple):
    """What was signed and sealed before the secret changed."""

    server: LiveServer
    asset: Asset
    upload_url: str
    app: Filestack
    upload: Upload
    first: dict[str, object]
    ticket: str
    poll: httpx.Request
    webhook_secret: str
    app_webhook: str


@pytest.fixture(scope="module")
def rotated(signing: LiveServer, asset: Asset, key_id: str) -> Iterator[Before]:
    """The server, started anew with another secret while all kinds of signatures were given out."""
    with Filestack(signing, "rotating") as app, signing.client() as client:
        upload = Upload(app)
        upload.start(PARTS)
        first = upload.send(1, PARTS[:8000])
        ticket = upload.prepare(2, PARTS[8000:])["url"]
        whirl = {"X-API-Key": signing.new_key("whirling", dialect="filewhirl")}
        created = httpx.post(
            f"{signing.address}/filewhirl/convert-api",
            headers=whirl,
            files={"file": ("a.png", DATA)},
            data={"to": "jpg"},
        )
        assert created.status_code == 202, created.text
        signing.settings["FILEMILL_WEBHOOK_ALLOW_HTTP"] = "true"
        url = "http://127.0.0.1:9/hook"
        before = Before(
            server=signing,
            asset=asset,
            upload_url=signed_upload_url(Signer(OLD.encode()), signing.address, key_id, LATER),
            app=app,
            upload=upload,
            first=first,
            ticket=ticket,
            poll=httpx.Request("GET", created.json()["status_url"], headers=whirl),
            webhook_secret=client.get("/v1/webhooks/secret").json()["secret"],
            app_webhook=signing.command("keys", "webhooks", "add", "--tenant", "rotating", url).stdout.strip(),
        )
        signing.stop()
        signing.settings |= {"FILEMILL_SECRET": NEW, "FILEMILL_SECRET_PREVIOUS": OLD}
        signing.start()
        yield before


def test_old_urls_hold(rotated: Before) -> None:
    """What the secret before signed is verified while it is set."""
    assert rotated.asset.get(SAME["as given"](rotated.asset))[0] == 200
    assert httpx.post(rotated.upload_url, content=DATA).status_code == 201
    with httpx.Client(timeout=60) as client:
        assert client.send(rotated.poll).status_code == 200


def test_new_urls_are_signed_with_the_new_secret(rotated: Before) -> None:
    """Nothing is signed with the secret before any more, also of what was there then."""
    fresh = made(rotated.server)
    with rotated.server.client() as client:
        listed = {one["assetId"]: one["url"] for one in client.get("/v1/assets").json()["assets"]}
    for asset in (fresh, rotated.asset._replace(url=listed[rotated.asset.id])):
        assert asset.signature == Signer(NEW.encode()).sign(asset.id, int(asset.expires))


def test_filestack_goes_on(rotated: Before) -> None:
    """An upload that was begun before is ended now, a part's URL takes its bytes, and policies are still right."""
    answer = rotated.app.http.put(rotated.ticket, content=PARTS[8000:])
    assert answer.status_code == 200, answer.text
    second = {"part_number": 2, "etag": answer.headers["etag"]}
    stored = rotated.upload.stored([rotated.first, second])
    assert rotated.upload.read(stored["handle"]) == PARTS
    assert rotated.app.delete(stored["handle"]).status_code == 200


def test_sealed_secrets_are_sealed_anew(rotated: Before) -> None:
    """All that the database keeps encrypted is under the new secret alone after the start, and the same as before."""
    with rotated.server.client() as client:
        assert client.get("/v1/webhooks/secret").json()["secret"] == rotated.webhook_secret
    webhooks, apps = Sealer(NEW.encode()), Sealer(NEW.encode(), Purpose.APP)
    with closing(sqlite3.connect(rotated.server.data / "filemill.db", timeout=30)) as database:
        of_tenants = database.execute("SELECT secret, tenant FROM webhook_secrets").fetchall()
        of_webhooks = database.execute("SELECT secret, id FROM app_webhooks").fetchall()
        of_apps = database.execute("SELECT app_secret, id FROM keys WHERE app_secret IS NOT NULL").fetchall()
    assert [webhooks.open(*row) for row in of_tenants] == [rotated.webhook_secret]
    assert [webhooks.open(*row) for row in of_webhooks] == [rotated.app_webhook]
    assert [apps.open(*row) for row in of_apps] == [rotated.app.secret]

"""Both official clients on the same files, and on the server's webhooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from filestack_client import Filestack, picture
from live import size_of
from official_clients import ClientError, Clients
from webhook_inbox import receiving_in_thread


def test_across(clients: Clients, document: Path) -> None:
    """FS-17, FS-30, FS-33: uploaded by Python, read by JavaScript, deleted by Python, gone for JavaScript."""
    handle = clients.python("client", ("upload", {"filepath": str(document)}))["handle"]
    assert clients.node("download", handle)["data"] == document.read_bytes()
    assert clients.node("metadata", handle, {"filename": True})["filename"] == document.name
    clients.python(handle, ("delete", {}), **clients.policy("remove"))
    with pytest.raises(ClientError) as caught:
        clients.node("download", handle)
    assert caught.value.said["status"] == 404


def test_back(clients: Clients, red: Path, document: Path) -> None:
    """FS-28, FS-29, FS-51: uploaded and made small by JavaScript, overwritten by Python, seen new by JavaScript."""
    handle = clients.node("upload", str(document), {}, {})["handle"]
    assert clients.python(handle, ("get_content", {})) == document.read_bytes()
    clients.python(handle, ("overwrite", {"filepath": str(red)}), **clients.policy("write"))
    assert clients.node("download", handle)["data"] == red.read_bytes()
    small = clients.node("get", clients.node("transform", handle, {"resize": {"width": 16}}))["data"]
    assert size_of(small) == (16, 12)
    assert clients.python(handle, ("resize", {"width": 16}), ("get_content", {})) == small
    clients.node("remove", handle, clients.security("remove"))
    with pytest.raises(ClientError, match="FilestackHTTPError"):
        clients.python(handle, ("get_content", {}))


def test_own_urls(clients: Clients, red: Path) -> None:
    """FS-28, FS-43, FS-90: delivery URLs of this server are sources as any others, and are not fetched.

    No name of these leads the server to itself. What they may not have when they are asked for, they may not have here.
    """
    handle = clients.node("upload", str(red), {}, {})["handle"]
    kept = clients.node("storeURL", clients.node("transform", handle, {"resize": {"width": 16}}))
    assert size_of(clients.python(kept["handle"], ("get_content", {}))) == (16, 12)
    loaded = clients.python("client", ("upload_url", {"url": f"{clients.cdn}/{handle}"}))
    assert clients.node("download", loaded["handle"])["data"] == red.read_bytes()
    told = clients.python(loaded["handle"], ("metadata", {"attributes_list": ["source_url"]}))
    assert told == {"source_url": f"{clients.cdn}/{handle}"}
    turned = (
        ("transform_external", {"external_url": f"{clients.cdn}/resize=width:16/{handle}"}),
        ("rotate", {"deg": 90}),
    )
    assert size_of(clients.python("client", *turned, ("get_content", {}))) == (12, 16)
    with Filestack(clients.app.server, f"own-{clients.way}", signed=True) as app:
        hidden = app.store(picture(), **app.sign("store").query)["handle"]
    with pytest.raises(ClientError, match="signature"):
        clients.python("client", ("upload_url", {"url": f"{clients.cdn}/{hidden}"}))
    signed = app.sign("read")
    url = f"{clients.cdn}/security=p:{signed.policy},s:{signed.signature}/{hidden}"
    assert clients.node("storeURL", url)["size"] == len(picture())
    with pytest.raises(ClientError, match="no file"):
        clients.python("client", ("upload_url", {"url": f"{clients.cdn}/{'a' * 20}"}))


def test_below_prefixes(prefixed: Clients, document: Path, large: Path, red: Path, origin: str) -> None:
    """FS-03, DX-04: one address with a path for each part of the service; all URLs in answers go there."""
    handle = prefixed.python("client", ("upload", {"filepath": str(document)}))["handle"]
    assert prefixed.node("download", handle)["data"] == document.read_bytes()
    found = prefixed.node("upload", str(large), {"intelligent": True}, {})
    assert found["url"] == f"{prefixed.cdn}/{found['handle']}"
    assert prefixed.python(found["handle"], ("get_content", {})) == large.read_bytes()
    stored = prefixed.node("storeURL", f"{origin}/red.png")
    assert stored["url"] == f"{prefixed.cdn}/{stored['handle']}"
    small = prefixed.python(stored["handle"], ("resize", {"width": 16}), ("store", {"filename": "small.png"}))
    assert size_of(prefixed.node("download", small["handle"])["data"]) == (16, 12)
    copied = prefixed.node("storeURL", prefixed.node("transform", stored["handle"], {"flip": True}))
    assert size_of(prefixed.python(copied["handle"], ("get_content", {}))) == (64, 48)
    loaded = prefixed.python("client", ("upload_url", {"url": f"{origin}/blue.png"}))
    assert prefixed.node("retrieve", loaded["handle"], {}) == picture(30, 20, (0, 0, 255))
    for one in (handle, found["handle"]):
        prefixed.node("remove", one, prefixed.security("remove"))
    prefixed.python(stored["handle"], ("overwrite", {"filepath": str(red)}), **prefixed.policy("write"))
    prefixed.python(stored["handle"], ("delete", {}), **prefixed.policy("remove"))


def test_checking_webhooks(repointed: Clients, red: Path) -> None:
    """FS-140, FS-142, FS-143: what is sent of an upload both clients find signed, and nothing else."""
    with receiving_in_thread() as inbox:
        words = ("keys", "webhooks", "add", "--tenant", repointed.way, inbox.url)
        secret = repointed.app.server.command(*words).stdout.strip()
        url = repointed.node("upload", str(red), {}, {})["url"]
        headers, sent = inbox.wait(1)
    body = sent.decode()
    assert json.loads(body)["text"]["url"] == url
    given = {"secret": secret, "body": body, "headers": headers}
    check = "verify_webhook_signature"
    assert repointed.python("helpers", (check, given)) == [True, {}]
    assert repointed.python("helpers", (check, {**given, "secret": "other"}))[0] is False
    compared = {"signature": headers["fs-signature"], "timestamp": headers["fs-timestamp"]}
    assert repointed.node("validateWebhookSignature", secret, body, compared) is True
    assert repointed.node("validateWebhookSignature", secret, f"{body} ", compared) is False

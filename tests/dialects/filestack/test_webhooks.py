"""Webhooks: what happens to an app's files is told to the URLs that were set for them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from filestack_client import Filestack, picture
from filestack_uploads import Upload
from live import LiveServer
from webhook_inbox import Inbox, receiving_in_thread


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A receiver."""
    with receiving_in_thread() as made:
        yield made


def opened(inbox: Inbox, count: int, secret: str) -> dict[str, Any]:
    """Wait for so many events, check the signature of the last and return it."""
    headers, body = inbox.wait(count)
    signed = f"{headers['fs-timestamp']}.".encode() + body
    assert headers["fs-signature"] == hmac.digest(secret.encode(), signed, hashlib.sha256).hex()
    event: dict[str, Any] = json.loads(body)
    assert set(event) == {"id", "action", "timestamp", "text"}
    assert isinstance(event["id"], int)
    assert isinstance(event["timestamp"], int)
    return event


def test_life_of_a_file(filestack_server: LiveServer, inbox: Inbox) -> None:
    """FS-140, FS-141, FS-142, FS-143: stored, overwritten, converted and deleted; in parts too; by nobody else."""
    secret = filestack_server.command("keys", "webhooks", "add", "--tenant", "told", inbox.url).stdout.strip()
    with Filestack(filestack_server, "told") as app, Filestack(filestack_server, "another") as other:
        other.store(picture())
        stored = app.store(picture(), filename="a.png")
        event = opened(inbox, 1, secret)
        assert event["action"] == "fp.upload"
        same = ["url", "filename", "key", "type", "status", "size", "container"]
        assert event["text"] == {"client": "Computer", **{name: stored[name] for name in same}}
        handle = stored["handle"]

        kind = {"Content-Type": "image/png"}
        new = app.http.post(app.file(handle), params=app.sign("write").query, content=picture(8, 8), headers=kind)
        assert new.status_code == 200, new.text
        event = opened(inbox, 2, secret)
        assert event["action"] == "fp.overwrite"
        same = ["url", "filename", "mimetype", "size", "isWriteable"]
        assert event["text"] == {"client": "Computer", **{name: new.json()[name] for name in same}}

        answer = app.http.post(f"{app.cdn}/{app.key}/resize=width:4/store=path:small/{handle}")
        assert answer.status_code == 200, answer.text
        made = answer.json()
        event = opened(inbox, 3, secret)
        assert event["action"] == "fp.converse"
        assert event["text"]["url"].endswith(f"/{app.key}/resize=width:4/store=path:small/{handle}")
        same = ["url", "handle", "filename", "mimetype", "size"]
        link = {"path": "small", "provider": "S3", **{name: made[name] for name in same}}
        assert event["text"]["link"] == link

        assert app.delete(handle).status_code == 200
        event = opened(inbox, 4, secret)
        assert (event["action"], event["text"]) == ("fp.delete", {"url": stored["url"]})

        upload = Upload(app)
        upload.start(b"1234")
        part = upload.send(1, b"1234")
        body = upload.stored([part])
        upload.stored([part])
        event = opened(inbox, 5, secret)
        assert event["action"] == "fp.upload"
        assert event["text"]["url"] == body["url"]

        copied = app.http.post(f"{app.base}/api/store/s3/{body['handle']}", params={"key": app.key})
        assert opened(inbox, 6, secret)["text"]["url"] == copied.json()["url"]
    assert len({json.loads(body)["id"] for _, body in inbox.came}) == 6

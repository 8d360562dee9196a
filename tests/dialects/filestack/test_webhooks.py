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


def opened(inbox: Inbox, count: int, secret: str) -> list[dict[str, Any]]:
    """Wait for so many events, check their signatures and return them, as they happened."""
    inbox.wait(count)
    events: list[dict[str, Any]] = []
    for headers, body in inbox.came:
        signed = f"{headers['fs-timestamp']}.".encode() + body
        assert headers["fs-signature"] == hmac.digest(secret.encode(), signed, hashlib.sha256).hex()
        events.append(json.loads(body))
        assert set(events[-1]) == {"id", "action", "timestamp", "text"}
        assert isinstance(events[-1]["id"], int)
        assert isinstance(events[-1]["timestamp"], int)
    return events


def test_life_of_a_file(filestack_server: LiveServer, inbox: Inbox) -> None:
    """FS-140, FS-141, FS-142, FS-143: stored, overwritten, converted and deleted; in parts too; by nobody else."""
    secret = filestack_server.command("keys", "webhooks", "add", "--tenant", "told", inbox.url).stdout.strip()
    with Filestack(filestack_server, "told") as app, Filestack(filestack_server, "another") as other:
        other.store(picture())
        stored = app.store(picture(), filename="a.png")
        handle = stored["handle"]
        kind = {"Content-Type": "image/png"}
        new = app.http.post(app.file(handle), params=app.sign("write").query, content=picture(8, 8), headers=kind)
        assert new.status_code == 200, new.text
        path = f"{app.key}/resize=width:4/store=path:small/{handle}"
        made = app.http.post(f"{app.cdn}/{path}")
        assert made.status_code == 200, made.text
        assert app.delete(handle).status_code == 200
        upload = Upload(app)
        upload.start(b"1234")
        part = upload.send(1, b"1234")
        body = upload.stored([part])
        upload.stored([part])
        copied = app.http.post(f"{app.base}/api/store/s3/{body['handle']}", params={"key": app.key})
        events = opened(inbox, 6, secret)

    def one(action: str, **text: object) -> dict[str, Any]:
        told: list[dict[str, Any]] = [event["text"] for event in events if event["action"] == action]
        (found,) = [said for said in told if all(said[name] == value for name, value in text.items())]
        return found

    def of(answer: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: answer[name] for name in names}

    same = ("url", "filename", "key", "type", "status", "size", "container")
    for answer in (stored, body, copied.json()):
        assert one("fp.upload", url=answer["url"]) == {"client": "Computer", **of(answer, *same)}
    told = one("fp.overwrite")
    assert told == {"client": "Computer", **of(new.json(), "url", "filename", "mimetype", "size", "isWriteable")}
    converted = one("fp.converse")
    assert converted["url"].endswith(f"/{path}")
    link = {"path": "small", "provider": "S3", **of(made.json(), "url", "handle", "filename", "mimetype", "size")}
    assert converted["link"] == link
    assert one("fp.delete") == {"url": stored["url"]}
    assert len({event["id"] for event in events}) == 6

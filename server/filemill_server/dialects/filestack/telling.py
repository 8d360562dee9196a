"""What webhooks are told of the files of an app (FS-141, FS-142)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection

from filemill.choices import Choice
from filemill_server.webhooks.app_events import enter_event

_CLIENT = "Computer"
"""Where a file came from, in the words of the vendor's picker: what it has no other word for."""


class Event(Choice):
    """What happens to files."""

    UPLOAD = "fp.upload"
    OVERWRITE = "fp.overwrite"
    DELETE = "fp.delete"
    CONVERSE = "fp.converse"


def telling(tenant: str, event: Event, text: Mapping[str, object]) -> Callable[[Connection], None]:
    """Return what writes an event down, in the transaction of the change that it tells of."""
    return partial(enter_event, tenant=tenant, action=str(event), text=text)


def stored_text(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is told of a file that was stored; `body` is what its client is told."""
    return {
        **{name: body[name] for name in ("url", "filename", "key", "type", "status", "size", "container")},
        "client": _CLIENT,
    }


def replaced_text(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is told of a file that was overwritten; `body` is what its client is told."""
    return {
        **{name: body[name] for name in ("url", "filename", "mimetype", "size")},
        "isWriteable": True,
        "client": _CLIENT,
    }


def converted_text(body: Mapping[str, object], path: str, provider: str) -> Mapping[str, object]:
    """Return what is told of the stored result of a chain; `path` is what was asked for."""
    link = {name: body[name] for name in ("url", "handle", "filename", "mimetype", "size")}
    return {"url": path, "link": {**link, "path": body["key"], "provider": provider}}

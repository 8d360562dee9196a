"""Reads delivery URLs, and writes them from what they say: the inverse of the grammar, as the clients spell it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from enum import Enum
from urllib.parse import quote

import pytest

from filemill import FilemillError
from filemill_server.dialects.filestack.grammar import parse
from filemill_server.dialects.filestack.request import DeliveryRequest, Task, Value

KEY = "AbcdefghijKLMNOPQRSTUz"
HANDLE = "aBcDeFgHiJ0123456789"


class Spelling(Enum):
    """How a client writes an external URL (FS-43)."""

    RAW = "Python, Ruby"
    QUOTED = "JS"
    SEGMENT = "Java"
    BASE64 = "JS and Go"


def written_value(value: Value) -> str:
    """An option's value; quoted where it would be cut otherwise."""
    if isinstance(value, tuple):
        return f"[{','.join(map(written_value, value))}]"
    plain = value and value == value.strip() and not set(value) & set('/,[]":=')
    return value if plain else f'"{value}"'


def written_task(task: Task) -> str:
    """One task."""
    if not task.on:
        return f"{task.name}=false"
    options = ",".join(f"{name}:{written_value(value)}" for name, value in task.options.items())
    return f"{task.name}={options}" if options else task.name


def encoded(text: str) -> str:
    """What an HTTP client makes of a chain: brackets and slashes stay, `%` and what is no ASCII is encoded."""
    return quote(text, safe="/[]:,=\"'+-_.!*()@;~")


def base64url(text: str) -> str:
    """Base64 of the URL-safe alphabet with its padding."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def written_source(url: str, spelling: Spelling) -> tuple[str, str]:
    """The end of the path and the query for an external URL."""
    path, _, query = url.partition("?")
    match spelling:
        case Spelling.RAW:
            return path, query
        case Spelling.QUOTED:
            return (f"%22{path}", f"{query}%22") if query else (f"%22{path}%22", "")
        case Spelling.SEGMENT:
            return quote(url, safe=""), ""
        case Spelling.BASE64:
            return f"b64://{base64url(url)}", ""


def base64_tasks(tasks: list[Mapping[str, object]]) -> str:
    """The task list of a `b64` URL."""
    return f"b64/{base64url(json.dumps(tasks))}"


def read(path: str, query: str = "") -> DeliveryRequest:
    """What the grammar makes of a URL where `KEY` is the one known key."""
    return parse(path.encode(), query.encode(), lambda key: key == KEY)


def refused(path: str | bytes, query: bytes = b"") -> FilemillError:
    """The error a URL is answered with."""
    with pytest.raises(FilemillError) as caught:
        parse(path.encode() if isinstance(path, str) else path, query, lambda key: key == KEY)
    return caught.value

"""What Filagram's clients see: its answers and errors, checked for the shapes that the contract states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyvips

from live import LiveServer

OPERATIONS = ("compress", "convert", "resize", "merge-pdf", "split-pdf", "ocr")
LIMIT = 200_000
"""Bytes that the server of small limits takes."""
LIFETIME = 600
"""Seconds that it keeps results."""
DELIVERY = "https://files.example.test"
"""Where it says that they are."""
COLOURS = ((200, 40, 40), (40, 180, 60), (50, 60, 210), (230, 210, 60))
"""Of the quarters of the `photo`, row by row."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_TYPES: Mapping[str, type] = {
    "url": str,
    "original_size": int,
    "output_size": int,
    "saved_percent": float,
    "format": str,
    "size": int,
    "width": int,
    "height": int,
    "pages": int,
    "text": str,
    "confidence": float,
    "expires_at": str,
}


def new_key(server: LiveServer, *, test: bool = False, **said: Any) -> str:
    """Make a key of Filagram's form."""
    return server.new_key(**{"name": "filagram", "dialect": "filagram", "test": test, **said})


def client_of(server: LiveServer, key: str, prefix: str = "/filagram") -> httpx.Client:
    """Return a client as Filagram's users have: a base address and a bearer token."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=server.address + prefix, headers=headers, timeout=60)


def done(response: httpx.Response, *members: str) -> dict[str, Any]:
    """Check that an answer is a success with exactly these members and `expires_at`, and return its body."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert list(body) == [*members, "expires_at"]
    for name, value in body.items():
        assert type(value) is _TYPES[name], (name, value)
    assert moment(body["expires_at"]) > datetime.now(UTC)
    return body


def refused(response: httpx.Response, status: int, code: str) -> str:
    """Check that an answer is one of Filagram's errors, and return its message."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert set(body) == {"code", "message"} | ({"reset_at"} if status == 429 else set())
    assert body["code"] == code
    message: str = body["message"]
    assert message
    assert "Traceback" not in message
    return message


def moment(text: str) -> datetime:
    """Read a Time: RFC 3339 in UTC, whole seconds."""
    assert _TIME.fullmatch(text), text
    return datetime.fromisoformat(text)


def fetched(url: str) -> bytes:
    """Fetch a result as anybody can."""
    response = httpx.get(url, timeout=60)
    assert response.status_code == 200, response.text
    return response.content


def opened(data: bytes) -> pyvips.Image:
    """Decode a picture, all frames of it."""
    options = {"n": -1} if data[8:12] == b"WEBP" else {}
    return pyvips.Image.new_from_buffer(data, "", **options)


def colour_at(image: pyvips.Image, x: float, y: float) -> list[float]:
    """Return the mean colour around a point, given in parts of width and height."""
    left, top = int(x * image.width) - 4, int(y * image.height) - 4
    part = image.crop(left, top, 8, 8)
    return [band.avg() for band in part.bandsplit()]


def near(found: list[float], colour: tuple[int, ...], by: float = 12) -> bool:
    """Whether a colour is another one but for an encoder's loss."""
    return len(found) == len(colour) and all(abs(a - b) <= by for a, b in zip(found, colour, strict=True))


def form(path: Path, name: str = "file") -> dict[str, tuple[str, bytes]]:
    """Return a file as a part of a form."""
    return {name: (path.name, path.read_bytes())}

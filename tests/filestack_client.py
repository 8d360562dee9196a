"""A client of the Filestack dialect for tests: an app on a live server, and the files it stores."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Self

import httpx
import pyvips

from live import LiveServer


class Signed(NamedTuple):
    """A policy and its signature, as a query has them."""

    policy: str
    signature: str

    @property
    def query(self) -> dict[str, str]:
        """Both, as parameters."""
        return self._asdict()


class Filestack:
    """An app: an existing client, whose base and key were changed and nothing else.

    Args:
        server: that runs.
        name: of the app, whose tenant it is.
        prefix: where the dialect is.
        options: of its key, as the native API has them.
    """

    def __init__(self, server: LiveServer, name: str = "app", *, prefix: str = "/filestack", **options: object) -> None:
        self.server = server
        made = server.make_key(name, dialect="filestack", **options)
        self.key, self.secret = made["key"], made["appSecret"]
        self.base = server.address + prefix
        self.cdn = f"{self.base}/cdn"
        self.http = httpx.Client(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sign(self, call: str | Sequence[str] | None = None, *, expires_in: float = 600, **more: object) -> Signed:
        """Sign a policy."""
        said = {"expiry": int(time.time() + expires_in), **({} if call is None else {"call": call}), **more}
        policy = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        return Signed(policy, hmac.digest(self.secret.encode(), policy.encode(), hashlib.sha256).hex())

    def store(self, data: bytes, media_type: str = "image/png", **query: str) -> dict[str, Any]:
        """Store bytes and return the answer."""
        answer = self.http.post(
            f"{self.base}/api/store/S3",
            params={"key": self.key, **query},
            content=data,
            headers={"Content-Type": media_type},
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def file(self, handle: str) -> str:
        """Return the URL of a file in the File API."""
        return f"{self.base}/api/file/{handle}"

    def metadata(self, handle: str, **query: str) -> dict[str, Any]:
        """Return what is known of a file."""
        answer = self.http.get(f"{self.file(handle)}/metadata", params=query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def delete(self, handle: str) -> httpx.Response:
        """Delete a file."""
        return self.http.delete(self.file(handle), params={"key": self.key, **self.sign("remove").query})


@cache
def picture(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 40, 40)) -> bytes:
    """Return a PNG of one colour."""
    image = (pyvips.Image.black(width, height) + list(colour)).cast("uchar").copy(interpretation="srgb")
    data: bytes = image.write_to_buffer(".png")
    return data


def refused(response: httpx.Response, status: int, about: str = "") -> str:
    """Check that the File API refused something in its own words, and return them."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"result", "error"}, body
    assert body["result"] == "error"
    assert set(body["error"]) == {"code", "msg"}
    assert body["error"]["code"] == status
    message: str = body["error"]["msg"]
    assert about in message
    return message

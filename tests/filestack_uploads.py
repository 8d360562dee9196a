"""The calls of a multipart upload, as the official clients make them: in JSON, or as forms with flat names."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from filemill_server.webhooks.sealing import Purpose, Sealer
from filestack_client import Filestack
from live import LiveServer

FLAVOURS = ("json", "form")


def md5_of(data: bytes) -> str:
    """Return the base64 of an MD5."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def sealer_of(server: LiveServer) -> Sealer:
    """Return what seals the tokens of a server."""
    return Sealer((server.data / "secret").read_bytes(), Purpose.TOKEN)


@dataclass
class Upload:
    """One upload of an app."""

    app: Filestack
    flavour: str = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "/upload"
    started: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    def call(self, name: str, **fields: Any) -> httpx.Response:
        """Make one of the four calls."""
        url = f"{self.app.base}{self.prefix}/multipart/{name}"
        said = {"apikey": self.app.key, **fields}
        if self.flavour == "json":
            return self.app.http.post(url, json=said, headers=self.headers)
        flat = {**said, **{f"store_{key}": value for key, value in said.pop("store", {}).items()}}
        flat.pop("store", None)
        if (fii := flat.pop("fii", None)) is not None:
            flat["multipart"] = fii
        parts = flat.pop("parts", None)
        if parts is not None:
            flat["parts"] = ";".join(f"{part['part_number']}:{part['etag']}" for part in parts)
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in flat.items()}
        dummy = {"files": ("", b"", "application/octet-stream")}
        return self.app.http.post(url, data=texts, files=dummy, headers=self.headers)

    def start(self, data: bytes | int, filename: str = "a.bin", **fields: Any) -> dict[str, Any]:
        """Begin it; `data` is the file, or its size."""
        size = data if isinstance(data, int) else len(data)
        self.said = {
            "filename": filename,
            "mimetype": "application/octet-stream",
            "size": size,
            "store": {"location": "s3"},
            **fields,
        }
        self.started = ok(self.call("start", **self.said))
        return self.started

    @property
    def going_on(self) -> dict[str, Any]:
        """What every further call repeats."""
        return {name: self.started[name] for name in ("uri", "region", "upload_id")} | {"store": self.said["store"]}

    def prepare(self, part: int, chunk: bytes, **fields: Any) -> dict[str, Any]:
        """Ask where a part is to be sent."""
        said = {**self.going_on, "part": part, "size": len(chunk), "md5": md5_of(chunk), **fields}
        return ok(self.call("upload", **said))

    def send(self, part: int, chunk: bytes, **fields: Any) -> dict[str, Any]:
        """Send a part, and return how it is named at the end."""
        where = self.prepare(part, chunk, **fields)
        answer = self.app.http.put(where["url"], content=chunk, headers=where["headers"])
        assert answer.status_code == 200, answer.text
        return {"part_number": part, "etag": answer.headers["etag"]}

    def commit(self, part: int) -> None:
        """End an intelligent part."""
        ok(self.call("commit", **self.going_on, part=part, size=self.said["size"]))

    def complete(self, parts: Sequence[Mapping[str, Any]] | None = None, **fields: Any) -> httpx.Response:
        """End it."""
        named = {} if parts is None else {"parts": list(parts)}
        return self.call("complete", **{**self.said, **self.going_on, **named, **fields})

    def stored(self, parts: Sequence[Mapping[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
        """End it, and return what became of it."""
        return ok(self.complete(parts, **fields))

    def read(self, handle: str) -> bytes:
        """Return the bytes of a stored file."""
        answer = self.app.http.get(self.app.file(handle))
        assert answer.status_code == 200, answer.text
        return answer.content


def ok(answer: httpx.Response) -> dict[str, Any]:
    """Return the body of an answer that is no error."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    return body


def refusal(answer: httpx.Response, status: int, about: str = "") -> str:
    """Check that an error is in the words of FS-181, and return them."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"], str)
    assert about in body["error"]
    return str(body["error"])

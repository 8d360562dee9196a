"""Every route over which a thing of a tenant can be asked for: how that is said, and what another one is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from foreign_things import NATIVE, TUS, Tenant

Route = tuple[str, str, str]
"""Dialect, method and path, as they are declared."""


@dataclass(frozen=True)
class Asked:
    """A request about a thing.

    Attributes:
        dialect, method, path: its route.
        thing: what it is about; its id stands in place of a parameter in the path, and of `{id}` in `said`.
        said: what else is said; `{token}` and `{key}` stand for those of who asks, or whose the thing is.
        way: the path in the request, where it is not that of the route.
        signed: whether Filestack wants a policy for it.
        foreign: status for another tenant, and for who has no such thing at all.
        keyless: status without a key; None: the dialect's contract lets the holder of an id do this, or more.
        own: status for the tenant itself; None: it succeeds.
    """

    dialect: str
    method: str
    path: str
    thing: str
    said: Mapping[str, Any] = field(default_factory=dict)
    way: str = ""
    signed: bool = False
    foreign: int = 404
    keyless: int | None = 401
    own: int | None = None

    @property
    def route(self) -> Route:
        """Its route."""
        return self.dialect, self.method, self.path

    def __str__(self) -> str:
        return f"{self.dialect or 'native'} {self.method} {self.way or self.path} {self.thing}"

    def send(self, asking: Tenant | None, owner: Tenant, id: str) -> httpx.Response:
        """Send it in the name of a tenant, or without a key."""
        key = asking.keys[self.dialect] if asking else ""
        texts = json.dumps(dict(self.said))
        for name, text in (("{id}", id), ("{token}", owner.things["token"]), ("{key}", key)):
            texts = texts.replace(name, text)
        said = json.loads(texts)
        if self.signed and asking:
            said["params"] = asking.app.sign(["remove", "write"]).query
        before, brace, rest = (self.way or self.path).replace("{key}", key).partition("{")
        path = before + id + rest.partition("}")[2] if brace else before
        if asking is None:
            return owner.http.request(self.method, f"/{self.dialect}{path}" if self.dialect else path, **said)
        return asking.ask(self.dialect, self.method, path, **said)


_BYTES = {"content": "a text", "headers": {"Content-Type": "text/plain"}}
_PARTIAL = {"Content-Type": "application/partial-upload", "Upload-Offset": "2", "Upload-Complete": "?0"}
_TUS_PATCH = {"headers": {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}}
_HEAD_BY_POST = {"headers": {**TUS, "X-HTTP-Method-Override": "HEAD"}}
_COMMIT = {"apikey": "{key}", "uri": "/a", "region": "a", "upload_id": "{id}", "part": 1, "size": 3, "fii": True}
_COMPLETE = {"filename": "a", "store": {"location": "S3"}}

_NATIVE = (
    Asked(NATIVE, "GET", "/v1/assets/{assetId}", "asset"),
    Asked(NATIVE, "HEAD", "/v1/assets/{assetId}", "asset"),
    Asked(NATIVE, "POST", "/v1/assets/{assetId}/copy", "asset", {"json": {}}),
    Asked(
        NATIVE, "PUT", "/v1/assets/{assetId}", "asset", {"content": "GIF87a", "headers": {"If-Match": '"a"'}}, own=412
    ),
    Asked(NATIVE, "GET", "/v1/uploads/{uploadId}", "upload"),
    Asked(NATIVE, "HEAD", "/v1/uploads/{uploadId}", "upload"),
    Asked(NATIVE, "HEAD", "/v1/uploads/{uploadId}", "partial"),
    Asked(NATIVE, "PATCH", "/v1/uploads/{uploadId}", "partial", {"content": "c", "headers": _PARTIAL}),
    Asked(NATIVE, "HEAD", "/v1/uploads/tus/{uploadId}", "tus", {"headers": TUS}),
    Asked(NATIVE, "POST", "/v1/uploads/tus/{uploadId}", "tus", _HEAD_BY_POST),
    Asked(NATIVE, "PATCH", "/v1/uploads/tus/{uploadId}", "tus", {"content": "ab", **_TUS_PATCH}),
    Asked(NATIVE, "GET", "/v1/jobs/{jobId}", "job"),
    Asked(NATIVE, "GET", "/v1/jobs/{jobId}", "batch"),
    Asked(NATIVE, "GET", "/v1/jobs/{jobId}/parts", "batch"),
    Asked(NATIVE, "GET", "/v1/jobs/{jobId}/events", "job"),
    Asked(NATIVE, "DELETE", "/v1/jobs/{jobId}", "job", own=409),
    Asked(NATIVE, "DELETE", "/v1/keys/{keyId}", "key", foreign=403, own=403),
    Asked(NATIVE, "POST", "/v1/webhooks/endpoints/{endpointId}/enable", "endpoint"),
)
_BODIES = (
    Asked(NATIVE, "POST", "/v1/flip", "upload", {"json": {"source": {"uploadId": "{id}"}}}, foreign=422),
    Asked(NATIVE, "POST", "/v1/flip", "partial", {"json": {"source": {"uploadId": "{id}"}}}, foreign=422, own=422),
    Asked(NATIVE, "POST", "/v1/flip", "asset", {"json": {"source": {"assetId": "{id}"}}}, foreign=422),
    Asked(NATIVE, "POST", "/v1/flip", "handle", {"json": {"source": {"assetId": "{id}"}}}, foreign=422),
    Asked(
        NATIVE,
        "POST",
        "/v1/process",
        "asset",
        {"json": {"steps": [{"op": "flip"}], "source": {"assetId": "{id}"}}},
        foreign=422,
    ),
    Asked(
        NATIVE,
        "POST",
        "/v1/packs",
        "upload",
        {"json": {"packs": ["tiktok"], "source": {"uploadId": "{id}"}}},
        foreign=422,
    ),
    Asked(
        "imgstax", "POST", "/v1/resize", "upload", {"json": {"source": {"uploadId": "{id}"}, "width": 1}}, foreign=400
    ),
)
_FILESTACK = (
    Asked("filestack", "GET", "/api/file/{name:str}", "handle", keyless=None),
    Asked("filestack", "HEAD", "/api/file/{name:str}", "handle", keyless=None),
    Asked("filestack", "GET", "/api/file/{name:str}/metadata", "handle", keyless=None),
    Asked(
        "filestack", "POST", "/api/store/{provider:str}/{name:str}", "handle", way="/api/store/S3/{name}", keyless=None
    ),
    *(
        Asked(
            "filestack",
            method,
            path,
            "handle",
            way=f"{path.partition('{')[0]}{{key}}/rotate=deg:90/{{rest}}",
            keyless=None,
        )
        for method in ("GET", "HEAD", "POST")
        for path in ("/cdn/{rest:path}", "/{rest:path}")
    ),
    *(
        Asked("filestack", "POST", path, "handle", {"json": {"apikey": "{key}", "sources": ["{id}"]}})
        for path in ("/process", "/cdn/process")
    ),
    *(
        Asked("filestack", "POST", f"{before}/multipart/{call}", "parts", {"json": _COMMIT | more})
        for before in ("", "/upload")
        for call, more in (("upload", {}), ("commit", {}), ("complete", _COMPLETE))
    ),
    Asked("filestack", "POST", "/api/file/{name:str}", "handle", _BYTES, signed=True, keyless=None),
    Asked("filestack", "PUT", "/api/file/{name:str}", "handle", _BYTES, signed=True, keyless=None),
    Asked("filestack", "DELETE", "/api/file/{name:str}", "second", signed=True, keyless=None),
    Asked("filestack", "POST", "/api/file/{name:str}/remove", "third", signed=True, keyless=None),
)
_WHIRL = tuple(
    Asked("filewhirl", "GET", path, "whirl", {"params": {"id": "{id}", "token": "{token}"}})
    for path in ("/convert-api", "/functions/v1/convert-api")
)
_STAX = tuple(Asked("imgstax", method, "/v1/assets/{asset_id:str}", "stax", keyless=None) for method in ("GET", "HEAD"))
_ENDS = (
    Asked(NATIVE, "DELETE", "/v1/uploads/tus/{uploadId}", "tus", {"headers": TUS}),
    Asked(NATIVE, "DELETE", "/v1/uploads/{uploadId}", "partial"),
    Asked(NATIVE, "DELETE", "/v1/uploads/{uploadId}", "upload"),
    Asked(NATIVE, "DELETE", "/v1/assets/{assetId}", "asset"),
    Asked(NATIVE, "DELETE", "/v1/domains/{domain}", "domain"),
)
FOREIGN = (*_NATIVE, *_BODIES, *_FILESTACK, *_WHIRL, *_STAX, *_ENDS)
"""Requests about things; those that end one come after those that need it."""

HELD: Mapping[Route, str] = {
    ("filestack", "PUT", "/multipart/parts/{ticket:str}"): "ticket",
    ("filestack", "PUT", "/upload/multipart/parts/{ticket:str}"): "ticket",
    **{
        ("filewhirl", method, "/functions/v1/convert-api/output/{asset_id:str}"): "whirl-output"
        for method in ("GET", "HEAD")
    },
    ("imgsmaller", "GET", "/result/{key:str}"): "smaller-result",
    **{("imgsmaller", method, "/download/{image_id:str}"): "smaller-output" for method in ("GET", "HEAD")},
    **{("filagram", method, "/output/{name:str}"): "gram-output" for method in ("GET", "HEAD")},
}
"""Routes of URLs that nobody can guess, and that whoever has them may use, with any key and with none."""

_GRAM = ("compress", "convert", "resize", "merge-pdf", "split-pdf", "ocr")
_STAX_MADE = ("compress", "convert", "compress-to-size", "resize", "downsize", "process", "packs/{pack_id:str}")
_ABSENT = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
OF_NOBODY: frozenset[Route] = frozenset(
    {
        # The server's own, the same for all.
        (NATIVE, "GET", "/v1/packs/{packId}"),
        (NATIVE, "POST", "/v1/packs/{packId}"),
        (NATIVE, "GET", "/v1/operations/{name}"),
        ("imgsmaller", "GET", "/api/v1/info"),
        *(("filestack", "POST", f"{before}/prefetch") for before in ("", "/upload")),
        *(("filestack", method, path) for method in ("GET", "HEAD", "POST") for path in ("/", "/cdn")),
        *(
            ("filestack", method, f"/{label}{rest}")
            for method in _ABSENT
            for label in ("cloud", "static")
            for rest in ("", "/{rest:path}")
        ),
        # What is made anew, and named by nobody before; a domain is the caller's own, whatever others have.
        (NATIVE, "PUT", "/v1/domains/{domain}"),
        *(("filagram", "POST", f"/api/v1/{name}") for name in _GRAM),
        ("filestack", "POST", "/api/store/{provider:str}"),
        *(("filestack", "POST", f"{before}/multipart/start") for before in ("", "/upload")),
        ("filewhirl", "POST", "/convert-api"),
        ("filewhirl", "POST", "/functions/v1/convert-api"),
        ("imgsmaller", "POST", "/api/v1/compress"),
        *(("imgstax", "POST", f"/v1/{name}") for name in _STAX_MADE),
    }
)
"""Routes over which no thing of a tenant can be named."""

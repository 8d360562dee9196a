"""The calls of multipart and intelligent uploads (FS-100…FS-116)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from litestar import Response, post, put
from litestar.handlers import HTTPRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.auth import OPEN
from filemill_server.bodies.body import stream_of
from filemill_server.bodies.digests import Digests
from filemill_server.bodies.spool import too_large
from filemill_server.dialects.filestack.apps import App, app_asking, key_sent, permit, secret_sent
from filemill_server.dialects.filestack.multipart.asked import (
    MAX_PART_BYTES,
    Asked,
    read_asked,
    read_md5,
)
from filemill_server.dialects.filestack.multipart.completing import complete, completed
from filemill_server.dialects.filestack.multipart.parts import chunks_of, part_id, receive
from filemill_server.dialects.filestack.multipart.tokens import (
    TICKET_SECONDS,
    UPLOAD_SECONDS,
    Ticket,
    UploadToken,
    left,
    now,
    seal,
    unseal,
)
from filemill_server.dialects.filestack.policies import Action, Use
from filemill_server.dialects.filestack.request import unreadable
from filemill_server.dialects.filestack.storing import new_handle, stored_body
from filemill_server.dialects.filestack.urls import upload_base
from filemill_server.plans.metering import take_unit_of
from filemill_server.services import file_limit_of, services_of
from filemill_server.wire import HttpRequest, json_answer

HOLD_SECONDS = 25.0
"""How long the end of an upload is waited for, where its client knows that it has to ask again (FS-112)."""
_ASKING_AGAIN = ("JS-", "Ruby-", "PHP-")
_REGION = "us-east-1"
"""What is told to clients that name none: they want one, and nothing follows from it."""
_SKEWED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>RequestTimeTooSkewed</Code><Message>The URL has expired; ask for another one.</Message></Error>"""
T = TypeVar("T")
_PATHS = ("", "/upload")
"""Before the paths: nothing where the host is that of uploads, else what tells it (FS-03)."""


@post([f"{before}/prefetch" for before in _PATHS], opt=OPEN, status_code=200)
async def prefetch() -> Response[bytes]:
    """Tell a browser's client that there is nothing special about its app (FS-04)."""
    return json_answer({"permissions": {}, "settings": {}})


@post([f"{before}/multipart/start" for before in _PATHS], opt=OPEN, status_code=200)
async def start(request: HttpRequest) -> Response[bytes]:
    """Begin an upload (FS-102…FS-104)."""
    asked = await read_asked(request)
    app = await _app_of(request, asked)
    size = _given(asked.size, "size")
    use = Use(action=Action.UPLOAD, path=asked.store.path or "", container=asked.store.container, size=size)
    permit(request, app, use, asked.security, app_secret=secret_sent(request))
    if size > (limit := file_limit_of(request)):
        raise too_large(limit, "The file")
    await take_unit_of(request)
    upload = UploadToken(
        tenant=app.tenant,
        handle=new_handle(),
        filename=asked.filename,
        mimetype=asked.mimetype,
        size=size,
        store=asked.store,
        intelligent=asked.intelligent,
        expires=now() + UPLOAD_SECONDS,
        parts_key=secrets.token_urlsafe(32),
    )
    region = asked.store.region or _REGION
    body = {
        "status": "ok",
        "uri": f"/{app.key.id}/{secrets.token_hex(16)}",
        "region": region,
        "upload_id": seal(services_of(request).tokens, upload),
        "location_url": _location(request),
    }
    return json_answer(body | ({"upload_type": "intelligent_ingestion"} if upload.intelligent else {}))


@post([f"{before}/multipart/upload" for before in _PATHS], opt=OPEN, status_code=200)
async def prepare(request: HttpRequest) -> Response[bytes]:
    """Tell where one part, or one chunk of a part, is to be sent (FS-105, FS-106)."""
    asked, _, upload = await _going_on(request)
    services = services_of(request)
    part, size = _given(asked.part, "part"), _given(asked.size, "size")
    if asked.offset and not upload.intelligent:
        raise unreadable("Only the parts of an upload that was started with 'fii' come in chunks, with an 'offset'.")
    offset = (0 if asked.intelligent else None) if asked.offset is None else asked.offset
    offset = offset if upload.intelligent else None
    if not 1 <= size <= MAX_PART_BYTES:
        raise unreadable(f"A part has 1 to {MAX_PART_BYTES} bytes, not {size}.")
    if size + (offset or 0) > upload.size:
        raise unreadable(f"A part that ends at {size + (offset or 0)} is not of a file of {upload.size} bytes.")
    ticket = Ticket(
        id=part_id(upload, part, offset),
        tenant=upload.tenant,
        size=size,
        md5=asked.digest,
        expires=now() + TICKET_SECONDS,
        ends=upload.expires,
    )
    headers = {"Content-MD5": asked.md5} if asked.md5 else {}
    url = f"{upload_base(request)}/multipart/parts/{seal(services.tokens, ticket)}"
    return json_answer({"url": url, "headers": headers, "location_url": _location(request)})


@put([f"{before}/multipart/parts/{{ticket:str}}" for before in _PATHS], opt=OPEN, status_code=200)
async def receive_part(request: HttpRequest, ticket: str) -> Response[bytes]:
    """Take a part, from whoever was given its URL (FS-107)."""
    services = services_of(request)
    found = unseal(services.tokens, ticket, Ticket)
    if found is None:
        raise FilemillError(ErrorCode.FORBIDDEN, "This is no URL that was given out for a part.")
    if left(found.expires) <= 0:
        return Response(_SKEWED, status_code=403, media_type="application/xml")
    header = request.headers.get("content-md5", "").strip()
    md5 = read_md5(header, "Content-MD5") if header else None
    digest = await receive(services, found, stream_of(request, Digests(None)), md5)
    return Response(b"", headers={"ETag": f'"{digest}"'})


@post([f"{before}/multipart/commit" for before in _PATHS], opt=OPEN, status_code=200)
async def commit(request: HttpRequest) -> Response[bytes]:
    """Note that a part has come, in however many chunks (FS-109)."""
    asked, _, upload = await _going_on(request)
    part = _given(asked.part, "part")
    if not upload.intelligent:
        raise unreadable("Only the parts of an upload that was started with 'fii' are committed.")
    if not await chunks_of(services_of(request), upload, part) and not await completed(services_of(request), upload):
        raise unreadable(f"Of part {part} nothing has come.")
    return json_answer({"status": "ok"})


@post([f"{before}/multipart/complete" for before in _PATHS], opt=OPEN, status_code=200)
async def finish(request: HttpRequest) -> Response[bytes]:
    """Make one file of the parts (FS-110…FS-115)."""
    asked, app, upload = await _going_on(request)
    tags, named = asked.tags(), asked.named()
    work = partial(complete, request, app, upload, named or {})
    asks_again = request.headers.get("filestack-source", "").startswith(_ASKING_AGAIN)
    asset = await services_of(request).completing.ask(upload.handle, work, HOLD_SECONDS if asks_again else None)
    if asset is None:
        return json_answer({"status": "pending"}, status=202)
    return json_answer(stored_body(request, asset) | {"upload_tags": tags or {}, "workflows": {}})


async def _app_of(request: HttpRequest, asked: Asked) -> App:
    return await app_asking(request, asked.apikey or key_sent(request))


async def _going_on(request: HttpRequest) -> tuple[Asked, App, UploadToken]:
    """Return what a call asks, who asks and the upload that goes on.

    Raises:
        FilemillError: `UNAUTHORIZED`, and `NOT_FOUND` where this app has no such upload, or no more.
    """
    asked = await read_asked(request)
    app = await _app_of(request, asked)
    request.scope["state"]["key"] = app.key
    upload = unseal(services_of(request).tokens, _given(asked.upload_id, "upload_id"), UploadToken)
    if upload is None or upload.tenant != app.tenant or left(upload.expires) <= 0:
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload; an unfinished one ends after 24 hours.")
    return asked, app, upload


def _given(value: T | None, name: str) -> T:
    if value is None:
        raise unreadable(f"{name!r} is missing.")
    return value


def _location(request: HttpRequest) -> str:
    """Return where the calls go on: without its scheme but for who takes any, since the others put https before it."""
    base = upload_base(request)
    parted = urlsplit(base)
    if parted.scheme == "http" and request.headers.get("filestack-source", "").startswith("JS-"):
        return base
    return parted.netloc + parted.path


ROUTES: Sequence[HTTPRouteHandler] = [prefetch, start, prepare, receive_part, commit, finish]

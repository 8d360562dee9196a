"""Stored files: each is an asset whose id is its handle, kept until it is deleted (FS-09, FS-16…FS-18, FS-86)."""

from __future__ import annotations

import mimetypes
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts
from filemill.task import Output
from filemill_server.assets import Asset
from filemill_server.bodies import Part
from filemill_server.dialects.filestack.apps import App
from filemill_server.dialects.filestack.policies import Action, Use
from filemill_server.dialects.filestack.telling import (
    Event,
    converted_text,
    replaced_text,
    stored_text,
    telling,
)
from filemill_server.dialects.filestack.urls import cdn_base
from filemill_server.key_forms import ALPHABET
from filemill_server.names import clean_name
from filemill_server.received import Received, identified, unidentified
from filemill_server.services import Services, services_of
from filemill_server.wire import HttpRequest

CONTAINER = "filemill"
"""Where a file is stored of which the client says nothing."""
PROVIDER = "S3"
_STORED = "stored"
_HANDLE = 20
_UNTITLED = "untitled"
_UNKNOWN = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
_WORDS = frozenset({"text", "json"})
"""Formats that say little of a text: what it is told to be may say more."""


class StoreOptions(Struct, frozen=True, kw_only=True):
    """Where and as what a file is to be stored; all providers are the server's own storage (FS-12).

    Fields:
        filename, mimetype, path, container: as FS-14 has them; a path that ends in `/` is a folder.
        location: the provider, as it is told again.
        source_url: where the file came from.
    """

    filename: str | None = None
    mimetype: str | None = None
    path: str | None = None
    container: str | None = None
    location: str = PROVIDER
    source_url: str | None = None


class Stored(Struct, frozen=True, kw_only=True):
    """What Filestack tells of a stored file beside what every asset has."""

    key: str
    container: str
    path: str
    location: str
    source_url: str | None = None


def new_handle() -> str:
    """Return a fresh handle: 20 letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(_HANDLE))


def stored_of(asset: Asset) -> Stored | None:
    """Return what is told of a stored file; None for an asset that the native API made."""
    said: Any = asset.facts.get(_STORED)
    if said is None:
        return None
    return Stored(
        key=said["key"],
        container=said["container"],
        path=said["path"],
        location=said["location"],
        source_url=said.get("sourceUrl"),
    )


def use_of(asset: Asset, action: Action) -> Use:
    """Return what is done to a file, as a policy sees it."""
    stored = stored_of(asset)
    return Use(
        action=action,
        handle=asset.id,
        path=stored.path if stored else None,
        container=stored.container if stored else None,
        size=asset.size,
    )


async def store_file(
    request: HttpRequest,
    app: App,
    given: Part | Output,
    options: StoreOptions,
    *,
    handle: str | None = None,
    event: Event = Event.UPLOAD,
) -> Asset:
    """Store a file, which is consumed, as an app's, and tell its webhooks.

    Args:
        request: that brings it.
        app: whose it becomes.
        given: a file that came, whose type is found here, or the result of a task; its name may be "".
        options: where and as what.
        handle: of it; default: a new one.
        event: what this is: that a file came, or that a chain made one.
    """
    said = await said_of(services_of(request), given, options)
    handle = handle or new_handle()
    body = _body(request, handle, **said)
    asked: bytes = request.scope["raw_path"]
    text = (
        stored_text(body) if event is Event.UPLOAD else converted_text(body, asked.decode("latin-1"), options.location)
    )
    return await services_of(request).assets.add(
        Path(given.path),
        id=handle,
        also=telling(app.tenant, event, text),
        tenant=app.tenant,
        public=not app.signed,  # the native API gives what is public to who knows the id
        ttl_seconds=None,
        **said,
    )


async def copy_file(request: HttpRequest, app: App, asset: Asset, options: StoreOptions) -> Asset:
    """Store the bytes of a file a second time, for its own app (FS-15).

    Raises:
        FilemillError: `NOT_FOUND` where the file has gone.
    """
    assets = services_of(request).assets
    name = clean_name(options.filename or "") or asset.filename
    facts = asset.facts | {_STORED: _place(name, options)}
    handle = new_handle()
    body = _body(request, handle, filename=name, media_type=asset.media_type, size=asset.size, facts=facts)
    also = telling(asset.tenant, Event.UPLOAD, stored_text(body))
    try:
        return await assets.copy(
            asset, id=handle, public=not app.signed, ttl_seconds=None, filename=name, facts=facts, also=also
        )
    except FileNotFoundError:
        raise missing_file() from None


async def replace_file(request: HttpRequest, asset: Asset, given: Part, options: StoreOptions) -> Asset:
    """Give a stored file other bytes; it keeps its handle and its place, and its name where none is given (FS-29).

    Raises:
        FilemillError: `NOT_FOUND` where the file has gone.
    """
    named = Part(given.field, given.path, given.name or asset.filename)
    said = await said_of(services_of(request), named, options)
    before: Any = asset.facts[_STORED]
    kept = {name: value for name, value in before.items() if name != "sourceUrl"}
    source = {"sourceUrl": options.source_url} if options.source_url else {}
    said["facts"][_STORED] = kept | source
    also = telling(asset.tenant, Event.OVERWRITE, replaced_text(_body(request, asset.id, **said)))
    return await services_of(request).assets.replace(asset, given.path, also=also, **said)


def missing_file() -> FilemillError:
    """Make the one answer for deleted, foreign and unknown files (FS-33)."""
    return FilemillError(ErrorCode.NOT_FOUND, "There is no file of this handle.")


async def said_of(services: Services, given: Part | Output, options: StoreOptions) -> dict[str, Any]:
    """Return what is kept of a file that is to be stored: name, format, media type, size, SHA-256 and facts.

    Pictures and documents are what their content says (DX-09). Of what no format knows, and of texts, the type that
    the client states is told again, or that of its name; nothing is done by it.
    """
    facts: Facts = {}
    if isinstance(given, Output):
        services.metrics.bytes_out.inc(given.size)
        file = Received(Path(given.path), given.name, given.format, given.media_type, given.size, given.sha256)
        facts = dict(given.facts)
    else:
        file = await _typed(services, given, options)
    name = _name(services, file, options)
    return {
        "filename": name,
        "format": file.format,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "facts": facts | {_STORED: _place(name, options)},
    }


def stored_body(request: HttpRequest, asset: Asset) -> dict[str, Any]:
    """Return what is told of a file that was stored (FS-16, FS-86)."""
    return _body(
        request,
        asset.id,
        filename=asset.filename,
        media_type=asset.media_type,
        size=asset.size,
        facts=asset.facts,
    )


def _body(
    request: HttpRequest, handle: str, *, filename: str, media_type: str, size: int, facts: Facts, **_: object
) -> dict[str, Any]:
    """Return what is told of a file of these values, also before it is stored."""
    stored: Any = facts.get(_STORED, {})
    body: dict[str, Any] = {
        "handle": handle,
        "url": f"{cdn_base(request)}/{handle}",
        "filename": filename,
        "size": size,
        "type": media_type,
        "mimetype": media_type,
        "key": stored.get("key", filename),
        "container": stored.get("container", CONTAINER),
        "status": "Stored",
    }
    return body | {side: facts[side] for side in ("width", "height") if side in facts}


def file_url(request: HttpRequest, asset: Asset) -> str:
    """Return where a file is delivered: it ends in the handle, which clients cut off (FS-17)."""
    return f"{cdn_base(request)}/{asset.id}"


def name_of_url(url: str) -> str:
    """Return the last segment of a URL as a file name; "" where there is none."""
    return clean_name(unquote(urlsplit(url).path)) or ""


async def _typed(services: Services, part: Part, options: StoreOptions) -> Received:
    try:
        file = await identified(services, part)
    except FilemillError as error:
        if error.code not in (ErrorCode.UNSUPPORTED_MEDIA, ErrorCode.INVALID_FILE):
            raise
        file = await unidentified(part)
        return replace(file, media_type=_stated(services, options, part.name, file.media_type))
    if file.format in _WORDS:
        return replace(file, media_type=_stated(services, options, part.name, file.media_type, words=True))
    return file


def _stated(services: Services, options: StoreOptions, name: str, otherwise: str, *, words: bool = False) -> str:
    """Return the type that a client states, or its file name; a content that was not found is never believed."""
    guessed = mimetypes.guess_type(options.filename or name)[0]
    for said in (options.mimetype, guessed):
        media_type = (said or "").partition(";")[0].strip().lower()
        form = services.registry.formats.of_media_type(media_type)
        if not _MEDIA_TYPE.fullmatch(media_type) or (form is not None and not _WORDS & {form.name, *form.within}):
            continue
        if media_type != _UNKNOWN and (not words or media_type.startswith(("text/", "application/"))):
            return media_type
    return otherwise


def _name(services: Services, file: Received, options: StoreOptions) -> str:
    name = clean_name(options.filename or "") or clean_name(file.name)
    if name:
        return name
    form = services.registry.formats.find(file.format)
    extension = f".{form.extensions[0]}" if form else mimetypes.guess_extension(file.media_type) or ""
    return _UNTITLED + extension


def _place(name: str, options: StoreOptions) -> dict[str, Any]:
    path = options.path or ""
    key = path if path and not path.endswith("/") else f"{path}{new_handle()}_{name}"
    place = {
        "key": key,
        "container": options.container or CONTAINER,
        "path": key,
        "location": options.location,
    }
    return place | ({"sourceUrl": options.source_url} if options.source_url else {})

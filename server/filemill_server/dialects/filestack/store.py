"""Storing, copying and overwriting files (FS-11…FS-18, FS-28, FS-29)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from litestar import Response, post, put
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from filemill.faults import unknown
from filemill_server.auth import OPEN
from filemill_server.dialects.filestack.apps import app_asking, key_sent
from filemill_server.dialects.filestack.asking import Asked, about_file, read_query
from filemill_server.dialects.filestack.cutting import without_controls
from filemill_server.dialects.filestack.policies import Action, Use, check
from filemill_server.dialects.filestack.receiving import Given, decoded, fetched, names_url, read_fields, received
from filemill_server.dialects.filestack.request import quoted, unreadable
from filemill_server.dialects.filestack.storing import (
    StoreOptions,
    copy_file,
    file_url,
    replace_file,
    store_file,
    stored_body,
    use_of,
)
from filemill_server.dialects.filestack.tasks.endings import LOCATIONS
from filemill_server.doing import working_folder
from filemill_server.plans.metering import take_unit_of
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest, json_answer

_KEYS = ("apikey", "key")
_MAX_OPTION = 1024
_FLAGS = ("true", "false")


@post("/api/store/{provider:str}", opt=OPEN, status_code=200)
async def store(request: HttpRequest) -> Response[bytes]:
    """Store a file that comes with the request, or from a URL."""
    location = _location(request)
    pairs = read_query(request)
    by_url = names_url(request, json=True)
    key = key_sent(request)
    if key is not None or not by_url:  # a file is not read for who has no key
        await app_asking(request, key)
    fields = await read_fields(request) if by_url else {}
    said = {**fields, **dict(pairs)}
    asked = Asked(request, pairs, await app_asking(request, key or _key_in(fields)), said)
    url = fields.get("url") if by_url else None
    policy = asked.permit(_use(Action.STORE, said, url=url))
    _check_options(said)
    await take_unit_of(request)
    async with working_folder(services_of(request).work_folder) as folder:
        given, texts = (await fetched(request, folder, fields), {}) if by_url else await received(request, folder)
        said = {**texts, **said}
        _check_options(said)
        given = await _decoded(given, folder, said)
        if policy is not None:  # now that all is known of the file
            check(policy, _use(Action.STORE, said, url=url, size=_size(given)))
        assert asked.app is not None  # a key was found
        asset = await store_file(request, asked.app, given.part, _options(said, given, location))
    return json_answer(stored_body(request, asset))


@post("/api/store/{provider:str}/{name:str}", opt=OPEN, status_code=200)
async def copy(request: HttpRequest) -> Response[bytes]:
    """Store a second file of the bytes of one that is stored."""
    location = _location(request)
    asked, asset = await about_file(request)
    app = await app_asking(request, key_sent(request))
    _check_options(asked.said)
    use = _use(Action.STORE, asked.said, handle=asset.id, size=asset.size)
    asked.permit(use, required=not asset.public)
    await take_unit_of(request)
    options = StoreOptions(location=location, **_named(asked.said))
    return json_answer(stored_body(request, await copy_file(request, app, asset, options)))


@post("/api/file/{name:str}", opt=OPEN, status_code=200)
async def overwrite(request: HttpRequest) -> Response[bytes]:
    """Give a file other bytes."""
    return await _overwrite(request)


@put("/api/file/{name:str}", opt=OPEN, status_code=200)
async def overwrite_by_put(request: HttpRequest) -> Response[bytes]:
    """Give a file other bytes, as the Ruby client does."""
    return await _overwrite(request)


async def _overwrite(request: HttpRequest) -> Response[bytes]:
    asked, asset = await about_file(request, stored=True)
    by_url = names_url(request, json=False)
    action = Action.OVERWRITE_BY_URL if by_url else Action.OVERWRITE
    use = replace(use_of(asset, action), size=None)  # it is that of the new bytes
    policy = asked.permit(use, required=True)
    _check_options(asked.said)
    await take_unit_of(request)
    async with working_folder(services_of(request).work_folder) as folder:
        if by_url:
            fields = await read_fields(request)
            if policy is not None:  # before anything is fetched
                check(policy, replace(use, url=fields.get("url")))
            given = await fetched(request, folder, fields)
        else:
            given, _ = await received(request, folder)
        given = await _decoded(given, folder, asked.said)
        if policy is not None:
            check(policy, replace(use, size=_size(given)))
        replaced = await replace_file(request, asset, given.part, _options(asked.said, given))
    return json_answer(
        {
            "handle": replaced.id,
            "url": file_url(request, replaced),
            "filename": replaced.filename,
            "size": replaced.size,
            "type": replaced.media_type,
            "mimetype": replaced.media_type,
            "isWriteable": True,
        }
    )


async def _decoded(given: Given, folder: Path, said: Mapping[str, str]) -> Given:
    return await decoded(given, folder) if said.get("base64decode") == "true" else given


def _size(given: Given) -> int:
    return given.part.path.stat().st_size


def _location(request: HttpRequest) -> str:
    """Return the provider of a path (FS-12)."""
    provider: str = request.path_params["provider"]
    if provider.lower() not in LOCATIONS:
        raise unreadable(unknown(provider, LOCATIONS, "provider"))
    return provider


def _key_in(fields: Mapping[str, str]) -> str | None:
    """Return the API key in a small body, however it is written (FS-08)."""
    found = (value for name, value in fields.items() if name.lower() in _KEYS and value)
    return next(found, None)


def _use(
    action: Action,
    said: Mapping[str, str],
    *,
    handle: str | None = None,
    url: str | None = None,
    size: int | None = None,
) -> Use:
    named = _named(said)
    return Use(action=action, handle=handle, url=url, path=named["path"] or "", container=named["container"], size=size)


def _check_options(said: Mapping[str, str]) -> None:
    """Refuse options that can't be (FS-14).

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    for name in ("filename", "mimetype", "path", "container"):
        if len(without_controls(said.get(name, ""), f"'{name}'")) > _MAX_OPTION:
            raise unreadable(f"'{name}' has more than {_MAX_OPTION} characters.")
    for name, known in (("access", ("public", "private")), ("base64decode", _FLAGS)):
        if said.get(name, known[0]) not in known:
            raise unreadable(f"'{name}' is {' or '.join(known)}, not {quoted(said[name])}.")


def _named(said: Mapping[str, str]) -> dict[str, Any]:
    return {name: said.get(name) or None for name in ("filename", "mimetype", "path", "container")}


def _options(said: Mapping[str, str], given: Given, location: str = "") -> StoreOptions:
    named = _named(said)
    named["mimetype"] = named["mimetype"] or given.media_type
    return StoreOptions(source_url=given.url, location=location, **named)


ROUTES: Sequence[HTTPRouteHandler] = [store, copy, overwrite, overwrite_by_put]

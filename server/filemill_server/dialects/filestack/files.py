"""The File API's own calls on a stored file: read it, ask about it, delete it (FS-19…FS-33)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from litestar import Response, delete, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from filemill_server.assets import Asset
from filemill_server.auth import OPEN
from filemill_server.browsers import guarding_headers
from filemill_server.dialects.filestack.asking import about_file
from filemill_server.dialects.filestack.metadata import metadata_body, metadata_uses
from filemill_server.dialects.filestack.policies import Action
from filemill_server.dialects.filestack.refusals import refuse
from filemill_server.dialects.filestack.storing import file_url, missing_file, use_of
from filemill_server.dialects.filestack.telling import Event, telling
from filemill_server.names import content_disposition
from filemill_server.plans.metering import take_unit_of
from filemill_server.services import services_of
from filemill_server.serving import serve
from filemill_server.wire import HttpRequest, json_answer

_NOT_STORED = {"Cache-Control": "no-store"}


@route("/api/file/{name:str}", http_method=["GET", "HEAD"], opt=OPEN)
async def read_file(request: HttpRequest) -> Response[bytes] | Stream:
    """Give the bytes of a file."""
    asked, asset = await about_file(request)
    policy = asked.permit(use_of(asset, Action.READ), required=not asset.public)
    headers = file_headers(asset, download=asked.said.get("dl") == "true")
    private = policy is not None or not asset.public or (asked.app is not None and asked.app.signed)
    headers["Cache-Control"] = f"{'private' if private else 'public'}, no-cache"  # it may be overwritten
    return await serve(request, asset, headers, refuse=refuse)


def file_headers(asset: Asset, *, download: bool = False) -> dict[str, str]:
    """Return the headers by which a file is named (FS-19, FS-20); what a browser would run has no rights there."""
    return named_headers(asset.filename, asset.media_type, download=download)


def named_headers(filename: str, media_type: str, *, download: bool = False) -> dict[str, str]:
    """Return the headers of `file_headers` for a file that is not kept."""
    disposition = content_disposition(filename, media_type).partition(";")[2]
    return {
        "Content-Disposition": f"{'attachment' if download else 'inline'};{disposition}",
        "X-File-Name": filename if filename.isascii() else quote(filename),
        **guarding_headers(media_type),
    }


@get("/api/file/{name:str}/metadata", opt=OPEN)
async def read_metadata(request: HttpRequest) -> Response[bytes]:
    """Tell what is known of a file."""
    asked, asset = await about_file(request)
    for use, required in metadata_uses(asset, asked.pairs):
        asked.permit(use, required=required)
    return json_answer(await metadata_body(request, asset, asked.pairs), headers=_NOT_STORED)


@delete("/api/file/{name:str}", opt=OPEN, status_code=200)
async def delete_file(request: HttpRequest) -> Response[bytes]:
    """Delete a file."""
    return await _delete(request)


@post("/api/file/{name:str}/remove", opt=OPEN, status_code=200)
async def remove_file(request: HttpRequest) -> Response[bytes]:
    """Delete a file, for who can't send `DELETE`."""
    return await _delete(request)


async def _delete(request: HttpRequest) -> Response[bytes]:
    asked, asset = await about_file(request, stored=True)
    asked.permit(use_of(asset, Action.REMOVE), required=True)
    await take_unit_of(request)
    assets = services_of(request).assets
    if asked.said.get("skip_storage") == "true":
        try:
            await assets.copy(asset, id=assets.new_id(), public=False, ttl_seconds=None)
        except FileNotFoundError:  # another request was first
            raise missing_file() from None
    await assets.delete(asset, telling(asset.tenant, Event.DELETE, {"url": file_url(request, asset)}))
    return Response(b"success", media_type="text/plain")


ROUTES: Sequence[HTTPRouteHandler] = [read_file, read_metadata, delete_file, remove_file]

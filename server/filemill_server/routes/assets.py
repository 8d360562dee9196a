"""`/v1/assets`: stored results (NA-41)."""

from __future__ import annotations

from litestar import Response, delete, get, post, put, route
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.faults import convert
from filemill_server.assets import Asset
from filemill_server.auth import OPEN, find_key, sent_key
from filemill_server.bodies import read_body
from filemill_server.conditions import require_match
from filemill_server.doing import working_folder
from filemill_server.links import asset_url
from filemill_server.messages import AssetBody, AssetList, CopyRequest
from filemill_server.paging import next_link, page_size
from filemill_server.received import received
from filemill_server.services import base_url, key_of, services_of
from filemill_server.serving import missing_asset, serve, version_of
from filemill_server.signing import signature_in
from filemill_server.wire import HttpRequest, json_answer


@route("/assets/{asset_id:str}", http_method=["GET", "HEAD"], opt=OPEN)
async def read_asset(request: HttpRequest, asset_id: str) -> Response[bytes] | Stream:
    """Give an asset's bytes: to its owner, by a signed URL, or to everybody where it is public."""
    return await serve(request, await _readable(request, asset_id))


async def _readable(request: HttpRequest, asset_id: str) -> Asset:
    """Return the asset where the request may read it; expired, foreign and unknown are the same 404."""
    services = services_of(request)
    asset = await services.assets.get(asset_id)
    if asset is not None and (asset.public or _is_signed(request, asset_id)):
        return asset
    key = await find_key(request)
    if key is None and (sent_key(request) is not None or "signature" not in request.query_params):
        raise FilemillError(ErrorCode.UNAUTHORIZED, "A key or a signed URL is needed.")
    if key is None:
        raise FilemillError(
            ErrorCode.NOT_FOUND,
            "There is no such asset, it has expired, or the URL's signature is wrong or its time is over.",
        )
    if asset is None or key.tenant != asset.tenant:
        raise missing_asset()
    return asset


def _is_signed(request: HttpRequest, asset_id: str) -> bool:
    sent = signature_in(request.query_params)
    return sent is not None and services_of(request).signer.verify(asset_id, sent.expires, sent.signature)


async def _own(request: HttpRequest, asset_id: str) -> Asset:
    asset = await services_of(request).assets.get(asset_id)
    if asset is None or asset.tenant != key_of(request).tenant:
        raise missing_asset()
    return asset


def asset_body(request: HttpRequest, asset: Asset) -> AssetBody:
    """Return an asset as it is listed."""
    return AssetBody(
        asset_id=asset.id,
        url=asset_url(services_of(request).signer, base_url(request), asset),
        filename=asset.filename,
        format=asset.format,
        mime_type=asset.media_type,
        size_bytes=asset.size,
        sha256=asset.sha256,
        public=asset.public,
        created_at=asset.created_at,
        expires_at=asset.expires_at,
    )


@get("/assets")
async def list_assets(request: HttpRequest) -> Response[bytes]:
    """List own assets, newest first, a page at a time."""
    cursor = request.query_params.get("cursor")
    assets, after = await services_of(request).assets.list(key_of(request).tenant, cursor, page_size(request))
    body = AssetList(assets=[asset_body(request, asset) for asset in assets], next_cursor=after)
    return json_answer(body, headers=next_link(request, after))


@delete("/assets/{asset_id:str}", status_code=204)
async def delete_asset(request: HttpRequest, asset_id: str) -> None:
    """End an asset now."""
    asset = await _own(request, asset_id)
    require_match(version_of(asset), request.headers.get("if-match"))
    await services_of(request).assets.delete(asset)


@put("/assets/{asset_id:str}")
async def replace_asset(request: HttpRequest, asset_id: str) -> Response[bytes]:
    """Replace an asset's bytes with those of the body; its id, name and end stay."""
    services = services_of(request)
    asset = await _own(request, asset_id)
    require_match(version_of(asset), request.headers.get("if-match"))
    async with working_folder(services.work_folder) as folder:
        given = await received(request, folder)
        replaced = await services.assets.replace(
            asset,
            given.path,
            filename=given.name,
            format=given.format,
            media_type=given.media_type,
            size=given.size,
            sha256=given.sha256,
            facts={},
            if_match=asset.sha256 if request.headers.get("if-match") else None,
        )
    return json_answer(asset_body(request, replaced), headers={"ETag": version_of(replaced).etag})


@post("/assets/{asset_id:str}/copy", status_code=201)
async def copy_asset(request: HttpRequest, asset_id: str) -> Response[bytes]:
    """Make a second asset of the same bytes, with options of its own."""
    services = services_of(request)
    asset = await _own(request, asset_id)
    async with working_folder(services.work_folder) as folder:
        body = await read_body(request, folder, limit=0, structs=(CopyRequest,))
    options = convert(body.parameters, CopyRequest, strict=body.strict).output
    if options.webhook is not None:
        raise invalid("/output/webhook", "A copy is there with its answer; only jobs have an end to be told of.")
    copied = await services.assets.copy(
        asset,
        id=services.assets.new_id(),
        filename=options.filename,
        public=options.public,
        ttl_seconds=options.ttl_seconds,
    )
    return json_answer(
        asset_body(request, copied),
        status=201,
        headers={"Location": f"/v1/assets/{copied.id}", "ETag": version_of(copied).etag},
    )

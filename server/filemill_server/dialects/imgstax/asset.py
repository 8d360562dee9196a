"""`GET /v1/assets/{assetId}`: the bytes of a result (IX-90…IX-93)."""

from __future__ import annotations

from litestar import Response, route
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError
from filemill_server.auth import OPEN
from filemill_server.dialects.dialect import authorised
from filemill_server.dialects.imgstax.answers import refuse
from filemill_server.dialects.imgstax.identity import NAME, secret
from filemill_server.services import services_of
from filemill_server.serving import missing_asset, serve
from filemill_server.wire import HttpRequest


@route("/v1/assets/{asset_id:str}", http_method=["GET", "HEAD"], opt=OPEN)
async def read_asset(request: HttpRequest, asset_id: str) -> Response[bytes] | Stream:
    """Give the bytes: to its owner, and where it is public to everybody who sends no wrong key."""
    key = await authorised(request, NAME, secret(request)) if secret(request) is not None else None
    asset = await services_of(request).assets.get(asset_id)
    if asset is None:
        raise missing_asset()
    if asset.public or (key is not None and key.tenant == asset.tenant):
        return await serve(request, asset, refuse=refuse)
    if key is None:
        raise FilemillError(ErrorCode.UNAUTHORIZED, "A key is needed: send it as X-API-Key.")
    raise missing_asset()

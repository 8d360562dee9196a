"""Results, which whoever has their URL may fetch until they expire (FG-06…FG-10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from litestar import Response, route
from litestar.response import Stream

from filemill.task import Output
from filemill_server.assets import Asset
from filemill_server.auth import OPEN
from filemill_server.dialects.filagram.refusals import refuse
from filemill_server.dialects.work import keep
from filemill_server.messages import OutputOptions
from filemill_server.services import delivery_url, services_of
from filemill_server.serving import missing_asset, serve
from filemill_server.wire import HttpRequest

_EXTENSIONS = {"jpeg": "jpg"}
"""Of formats whose names are not their extensions."""


async def keep_output(request: HttpRequest, output: Output) -> Asset:
    """Keep the result of a request."""
    seconds = services_of(request).settings.filagram_result_seconds
    (asset,) = await keep(request, [output], OutputOptions(public=True, ttl_seconds=seconds))
    return asset


def output_url(request: HttpRequest, asset: Asset) -> str:
    """Return where a result is."""
    return f"{delivery_url(request)}/output/{_file_name(asset)}"


def forgotten_at(request: HttpRequest) -> datetime:
    """Return the moment by which nothing is left of a request whose result is in its answer (FG-46)."""
    seconds = services_of(request).settings.filagram_result_seconds
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


@route("/output/{name:str}", http_method=["GET", "HEAD"], opt=OPEN)
async def read_output(request: HttpRequest) -> Response[bytes] | Stream:
    """Give the bytes of a result."""
    name: str = request.path_params["name"]
    asset = await services_of(request).assets.get(name.partition(".")[0])
    if asset is None or not asset.public or name != _file_name(asset):
        raise missing_asset()
    return await serve(request, asset, refuse=refuse)


def _file_name(asset: Asset) -> str:
    return f"{asset.id}.{_EXTENSIONS.get(asset.format, asset.format)}"

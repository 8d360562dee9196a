"""The paths of ImgSmaller."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

import msgspec
from litestar import Response, get, post, route
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset
from filemill_server.auth import OPEN
from filemill_server.bodies import Part
from filemill_server.dialects.dialect import WORKS, Dialect
from filemill_server.dialects.imgsmaller.asked import FORMATS, ORIGINAL, Asked, read_asked
from filemill_server.dialects.imgsmaller.refusals import refuse
from filemill_server.dialects.imgsmaller.sources import check_picture, check_url
from filemill_server.dialects.jobs import Pipelines, attachment, failure_of, most_bytes, submit_one
from filemill_server.dialects.work import steps
from filemill_server.doing import working_folder
from filemill_server.messages import OutputOptions
from filemill_server.plans.standing import seconds_until
from filemill_server.services import base_url, key_of, services_of
from filemill_server.serving import missing_asset, serve
from filemill_server.wire import Connection, HttpRequest, json_answer

_KEY = re.compile(r"[0-9a-f]{32}")
_IMAGE_ID = re.compile(r"[1-9][0-9]{12,15}")
_LEAST_ID, _MOST_ID = 2**40, 2**53 - 1
"""Integers that a client in JavaScript has exactly (IS-43)."""
_MOST_BYTES = 50 << 20
"""Of a picture, where the key's plan does not say otherwise (IS-51)."""
_MOST_A_DAY = 1_000_000
"""What is told where the key's plan has no limit for the day: clients calculate with it (IS-13)."""
_LEAST_SIDE = 64
"""Of a picture that was scaled down for its size, pixels (IS-47)."""
_SAFE = {"jpeg": 80, "webp": 80, "avif": 55, "png": 80}
"""Qualities of `auto` (IS-48)."""
_POLL = {"Cache-Control": "no-store"}


@get("/api/v1/info")
async def read_info(request: HttpRequest) -> Response[bytes]:
    """Tell what is left of the day, and the formats (IS-10…IS-13)."""
    day = (await services_of(request).usage.standing(key_of(request))).day
    limit = _MOST_A_DAY if day.limit is None else day.limit
    formats = list(FORMATS)
    body = {
        "endpoint": f"{base_url(request)}/api/v1/compress",
        "remaining_today": max(0, limit - (day.used or 0)),
        "reset_in_seconds": seconds_until(day.resets_at, datetime.now(UTC)),
        "limit": limit,
        "supported_input": formats,
        "supported_output": [*formats, ORIGINAL],
    }
    return json_answer(body)


@post("/api/v1/compress", status_code=202, opt=WORKS)
async def compress(request: HttpRequest) -> Response[bytes]:
    """Accept a picture (IS-20…IS-28)."""
    services = services_of(request)
    key = secrets.token_hex(16)
    limit = most_bytes(request, _MOST_BYTES)
    async with working_folder(services.work_folder) as folder:
        asked = await read_asked(request, folder, limit)
        if isinstance(asked.given, Part):
            hosts = None
            await check_picture(request, folder, asked.given, asked.field)
        else:
            hosts = await check_url(request, asked.given)
        await submit_one(
            request,
            folder,
            asked.given,
            _pipelines(request, asked),
            OutputOptions(ttl_seconds=services.settings.imgsmaller_keep_seconds),
            id=key,
            max_bytes=limit,
            hosts=hosts,
            asset_id=str(_LEAST_ID + secrets.randbelow(_MOST_ID - _LEAST_ID + 1)),
            metadata={"output": asked.output},
        )
    base = base_url(request)
    body = {
        "queued": True,
        "progress_key": key,
        "result_url": f"{base}/result/{key}",
        "download_url_template": f"{base}/download/{{imageId}}",
    }
    return json_answer(body, status=202)


@get("/result/{key:str}", opt=OPEN)
async def read_result(request: HttpRequest, key: str) -> Response[bytes]:
    """Tell what became of a picture (IS-40…IS-42, IS-49)."""
    row = await services_of(request).jobs.find(key) if _KEY.fullmatch(key) else None
    if row is None:
        raise _missing()
    if not row.state.final:
        return json_answer({"status": "processing"}, headers={**_POLL, "Retry-After": "1"})
    if (failure := failure_of(row)) is not None:
        return json_answer({"status": "error", "message": failure.detail}, headers=_POLL)
    assert row.result is not None  # it has ended, and has not failed
    result = msgspec.json.decode(row.result)
    asset = await services_of(request).assets.get(result["assetId"])
    if asset is None:
        raise _missing()
    word = result["metadata"]["output"]
    body = {
        "status": "done",
        "image_id": int(asset.id),
        "download": f"{base_url(request)}/download/{asset.id}",
        "bytes": asset.size,
        "format": asset.format if word == ORIGINAL else word,
    }
    return json_answer(body, headers=_POLL)


@route("/download/{image_id:str}", http_method=["GET", "HEAD"], opt=OPEN)
async def download(request: HttpRequest, image_id: str) -> Response[bytes] | Stream:
    """Give the bytes of a result (IS-44)."""
    asset: Asset | None = None
    if _IMAGE_ID.fullmatch(image_id):
        asset = await services_of(request).assets.get(image_id)
    if asset is None:
        raise missing_asset()
    return await serve(request, asset, attachment(asset.filename), refuse)


def secret_of(connection: Connection) -> str | None:
    """Find the secret of a key; the header is the first (IS-01)."""
    return connection.headers.get("x-api-key", "").strip() or connection.query_params.get("api_key", "").strip() or None


def _pipelines(request: HttpRequest, asked: Asked) -> Pipelines:
    """Return what to do with a picture of each format that is taken."""
    made = {}
    for source in dict.fromkeys(FORMATS.values()):
        wanted = source if asked.output == ORIGINAL else FORMATS[asked.output]
        if asked.target is None:
            step = {"op": "compress", "format": wanted, "quality": _SAFE[wanted]}
        else:
            # Without an upper quality it may grow up to the target: the original is better where it is smaller.
            encoding = {"type": wanted, "maxSizeBytes": asked.target, "onUnreachable": "downscale"}
            limits = {"leastSide": _LEAST_SIDE, "neverLarger": True}
            step = {"op": "convert", "format": encoding | limits}
        made[source] = steps(request, step)
    return made


def _missing() -> FilemillError:
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such result, or it has expired.")


IMGSMALLER = Dialect(
    name="imgsmaller",
    routes=(read_info, compress, read_result, download),
    secret=secret_of,
    refuse=refuse,
)

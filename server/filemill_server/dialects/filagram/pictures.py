"""`compress`, `convert` and `resize` (FG-12…FG-33)."""

from __future__ import annotations

from typing import Any

from litestar import Response, post

from filemill.limits import MAX_DIMENSION
from filemill_server.dialects.dialect import WORKS
from filemill_server.dialects.filagram.fields import (
    FORMATS,
    bad_request,
    check_content,
    choice,
    one_file,
    picture_format,
    whole,
)
from filemill_server.dialects.filagram.receiving import received
from filemill_server.dialects.filagram.results import keep_output, output_url
from filemill_server.dialects.work import run, steps
from filemill_server.plans.metering import METERED
from filemill_server.wire import HttpRequest, json_answer

_QUALITY = 80
_FITS = {"contain": "inside", "cover": "cover", "fill": "fill"}
"""Our names of the ways a picture meets a box: their `contain` does not pad (FG-29)."""


@post("/api/v1/compress", status_code=200, opt=METERED | WORKS)
async def compress(request: HttpRequest) -> Response[bytes]:
    """Encode a picture in fewer bytes."""
    async with received(request) as (form, folder):
        part = one_file(form)
        quality = whole(form, "quality", 100) or _QUALITY
        target = picture_format(form, "format")
        source = await check_content(request, [part], FORMATS)
        encoding: dict[str, Any] = {"type": target or source, "quality": quality}
        if encoding["type"] == "png" and quality == 100:  # without loss, which is left to search longer (FG-19)
            encoding |= {"lossless": True, "priority": "quality"}
        original = part.path.stat().st_size
        made = await run(request, folder, steps(request, {"op": "compress", "format": encoding}), files=[part])
        asset = await keep_output(request, made.outputs[0])
    body = {
        "url": output_url(request, asset),
        "original_size": original,
        "output_size": asset.size,
        "saved_percent": saved_percent(original, asset.size),
        "expires_at": asset.expires_at,
    }
    return json_answer(body)


def saved_percent(original: int, output: int) -> float:
    """Return the share of bytes that were removed (FG-16); below 0 where there are more."""
    return round((1 - output / original) * 100, 1)


@post("/api/v1/convert", status_code=200, opt=METERED | WORKS)
async def convert(request: HttpRequest) -> Response[bytes]:
    """Change the format of a picture."""
    async with received(request) as (form, folder):
        part = one_file(form)
        target = picture_format(form, "to")
        if target is None:
            raise bad_request(f"'to' is missing; it is the format wanted, one of {', '.join(FORMATS)}.")
        await check_content(request, [part], (*FORMATS, "heic"))
        made = await run(request, folder, steps(request, {"op": "convert", "format": target}), files=[part])
        asset = await keep_output(request, made.outputs[0])
    body = {"url": output_url(request, asset), "format": target, "size": asset.size, "expires_at": asset.expires_at}
    return json_answer(body)


@post("/api/v1/resize", status_code=200, opt=METERED | WORKS)
async def resize(request: HttpRequest) -> Response[bytes]:
    """Change the pixel dimensions of a picture."""
    async with received(request) as (form, folder):
        part = one_file(form)
        sides = {name: whole(form, name, MAX_DIMENSION) for name in ("width", "height")}
        fit = choice(form, "fit", _FITS) or "contain"
        wanted = {name: side for name, side in sides.items() if side is not None}
        if not wanted:
            raise bad_request("'width' or 'height' is needed, or both.")
        await check_content(request, [part], FORMATS)
        step = {"op": "resize", "fit": _FITS[fit], **wanted}
        made = await run(request, folder, steps(request, step), files=[part])
        asset = await keep_output(request, made.outputs[0])
    body = {
        "url": output_url(request, asset),
        "width": asset.facts["width"],
        "height": asset.facts["height"],
        "size": asset.size,
        "expires_at": asset.expires_at,
    }
    return json_answer(body)

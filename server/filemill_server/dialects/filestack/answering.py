"""Answers with files: stored ones, results that are kept, and results that are not (FS-50, FS-51)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO

from litestar import Response
from litestar.response import Stream
from msgspec.structs import replace

from filemill.task import Output
from filemill_server.assets import Asset
from filemill_server.conditions import is_unchanged
from filemill_server.dialects.filestack.files import file_headers, named_headers
from filemill_server.dialects.filestack.refusals import refuse
from filemill_server.names import DEFAULT_NAME, clean_name
from filemill_server.serving import serve, version_of
from filemill_server.transforms import Ready
from filemill_server.wire import HttpRequest

Answer = Response[bytes] | Stream

_CHUNK = 1 << 20


def cache_control(seconds: int | None, *, private: bool) -> str:
    """Return how long an answer may be kept, and by whom; `seconds` None: by nobody."""
    if seconds is None:
        return "no-store"
    return f"{'private' if private else 'public'}, max-age={seconds}"


async def answer_stored(request: HttpRequest, asset: Asset, more: Mapping[str, str], *, download: bool) -> Answer:
    """Answer with the bytes of an asset, whole or in part, or tell that the client has them.

    Args:
        request: who asks, and may.
        asset: a stored file or a kept result.
        more: headers.
        download: whether a browser is to save it.
    """
    headers = {**file_headers(asset, download=download), **more}
    # Who may have it was found out here, from the URL alone: it varies by no header of a key.
    return await serve(request, replace(asset, public=True), headers, refuse)


def held_headers(asset: Asset, more: Mapping[str, str], *, download: bool) -> Mapping[str, str]:
    """Return all headers of an answer that is held."""
    version = version_of(asset)
    return {
        "ETag": version.etag,
        "Last-Modified": version.last_modified,
        **file_headers(asset, download=download),
        **more,
    }


def answer_held(request: HttpRequest, ready: Ready) -> Answer:
    """Answer with what is held, or tell that the client has it."""
    headers, asset = request.headers, ready.asset
    if is_unchanged(version_of(asset), headers.get("if-none-match"), headers.get("if-modified-since")):
        return Response(b"", status_code=304, headers=ready.response.headers)
    return ready.response


def answer_output(output: Output, more: Mapping[str, str], *, download: bool) -> Answer:
    """Answer with a result that is not kept; its folder may go before its bytes are sent."""
    file = Path(output.path).open("rb")  # noqa: SIM115 - it is closed when it was sent
    headers = {
        "ETag": f'"{output.sha256}"',
        "Content-Length": str(output.size),
        **named_headers(clean_name(output.name) or DEFAULT_NAME, output.media_type, download=download),
        **more,
    }
    return Stream(_pieces(file), status_code=200, headers=headers, media_type=output.media_type)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece

"""The endpoints that make pictures: each reads its parameters, all else is the same (IX-03, IX-04)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from filemill.operation import Operation
from filemill_server.dialects import work
from filemill_server.dialects.bodies import read_object
from filemill_server.dialects.dialect import WORKS
from filemill_server.dialects.imgstax.answers import asset_body
from filemill_server.dialects.imgstax.envelope import read_envelope
from filemill_server.dialects.imgstax.fields import Fields
from filemill_server.dialects.imgstax.limits import counted, source_bytes
from filemill_server.dialects.imgstax.reading import (
    Steps,
    read_compress,
    read_compress_to_size,
    read_convert,
    read_downsize,
    read_process,
    read_resize,
)
from filemill_server.dialects.imgstax.replay import Kept, once
from filemill_server.dialects.imgstax.source import Brought, bring
from filemill_server.doing import working_folder
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

MAX_BODY_BYTES = 1 << 20
"""Bytes of a request: it names files, and holds none."""


async def answer(request: HttpRequest, endpoint: str, read: Callable[[Fields], Steps]) -> Response[bytes]:
    """Do a request and answer with its stored result.

    Args:
        request: with a valid key in its state.
        endpoint: its path.
        read: reads the parameters of its endpoint.

    Raises:
        FilemillError: whatever was wrong with it.
    """
    said = await read_object(request, MAX_BODY_BYTES)
    fields = Fields(said)
    envelope = read_envelope(fields)
    steps = read(fields)

    async def make() -> Kept:
        async with counted(request), working_folder(services_of(request).work_folder) as folder:
            source = await bring(request, folder, envelope.source, source_bytes(request))
            made = await work.run(request, folder, await steps(source), files=[source.part], archive=True)
            (asset,) = await work.keep(request, made.outputs, envelope.options)
            body = asset_body(request, asset, made.outputs[0].facts, envelope.metadata)
            return Kept(asset, msgspec.json.encode(body))

    body = await once(request, endpoint, envelope.idempotency_key, said, make)
    return Response(body, status_code=200, media_type="application/json")


def _endpoint(name: str, read: Callable[[Fields], Steps]) -> HTTPRouteHandler:
    path = f"/v1/{name}"

    @post(path, name=f"imgstax:{name}", status_code=200, opt=WORKS)
    async def endpoint(request: HttpRequest) -> Response[bytes]:
        return await answer(request, path, read)

    return endpoint


@post("/v1/packs/{pack_id:str}", status_code=200, opt=WORKS)
async def make_pack(request: HttpRequest, pack_id: str) -> Response[bytes]:
    """Make one pack (IX-85…IX-87)."""
    pack = services_of(request).packs[pack_id]

    async def steps(_: Brought) -> Sequence[Operation]:
        return pack.steps

    return await answer(request, f"/v1/packs/{pack_id}", lambda _: steps)


ENDPOINTS: Sequence[HTTPRouteHandler] = (
    _endpoint("compress", read_compress),
    _endpoint("convert", read_convert),
    _endpoint("compress-to-size", read_compress_to_size),
    _endpoint("resize", read_resize),
    _endpoint("downsize", read_downsize),
    _endpoint("process", read_process),
    make_pack,
)

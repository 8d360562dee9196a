"""What this server can do: `/v1/operations`, `/v1/formats`, `/v1/packs` and `/openapi.json` (NA-10…NA-13)."""

from __future__ import annotations

from litestar import Response, get

from filemill_server.auth import OPEN
from filemill_server.discovery import formats_body, operation_body, operations_body, pack_body, packs_body
from filemill_server.openapi import document_bytes
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest, json_answer


@get("/operations", opt=OPEN)
async def list_operations(request: HttpRequest) -> Response[bytes]:
    """List every operation."""
    return json_answer(operations_body(services_of(request).registry))


@get("/operations/{name:str}", opt=OPEN)
async def read_operation(request: HttpRequest, name: str) -> Response[bytes]:
    """Describe one operation."""
    return json_answer(operation_body(services_of(request).registry, name))


@get("/formats", opt=OPEN)
async def list_formats(request: HttpRequest) -> Response[bytes]:
    """List every format and what converts into what."""
    return json_answer(formats_body(services_of(request).registry))


@get("/packs", opt=OPEN)
async def list_packs(request: HttpRequest) -> Response[bytes]:
    """List every pack."""
    return json_answer(packs_body(services_of(request).packs))


@get("/packs/{pack_id:str}", opt=OPEN)
async def read_pack(request: HttpRequest, pack_id: str) -> Response[bytes]:
    """Describe one pack."""
    return json_answer(pack_body(services_of(request).packs[pack_id]))


@get("/openapi.json")
async def read_openapi(request: HttpRequest) -> Response[bytes]:
    """Give the OpenAPI document."""
    services = services_of(request)
    body = document_bytes(services.registry, services.packs, public_url=services.settings.public_url)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})

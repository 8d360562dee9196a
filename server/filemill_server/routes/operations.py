"""`POST /v1/{operation}` for every registered operation, `POST /v1/process` and the packs (NA-20…NA-22)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.operation import Operation
from filemill.registry import Entry, Registry
from filemill_server.doing import Pipeline
from filemill_server.messages import (
    InputRequest,
    PackRequest,
    PacksRequest,
    ProcessRequest,
    operation_request,
    process_request,
)
from filemill_server.plans.metering import METERED
from filemill_server.processing import process
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest


def operation_routes(registry: Registry) -> list[HTTPRouteHandler]:
    """Make one route an operation, all by the same code."""
    return [_operation_route(entry) for entry in registry.operations.values()]


def _operation_route(entry: Entry) -> HTTPRouteHandler:
    message_type = operation_request(entry)
    names = entry.operation.__struct_fields__

    def plan(message: InputRequest) -> Sequence[Pipeline]:
        return [Pipeline([entry.operation(**{name: getattr(message, name) for name in names})], "")]

    @post(f"/{entry.name}", name=f"operation:{entry.name}", status_code=200, opt=METERED)
    async def operate(request: HttpRequest) -> Response[bytes] | Stream:
        if entry.missing is not None:
            raise FilemillError(ErrorCode.OPERATION_UNAVAILABLE, f"{entry.missing.reason} {entry.missing.hint}")
        return await process(request, message_type, plan)

    return operate


@post("/process", status_code=200, opt=METERED)
async def run_steps(request: HttpRequest) -> Response[bytes] | Stream:
    """Run a pipeline of the caller's own steps."""

    def plan(message: ProcessRequest) -> Sequence[Pipeline]:
        return [Pipeline(cast("list[Operation]", message.steps), "/steps")]

    return await process(request, process_request(services_of(request).registry), plan)


@post("/packs/{pack_id:str}", status_code=200, opt=METERED)
async def run_pack(request: HttpRequest, pack_id: str) -> Response[bytes] | Stream:
    """Run one pack."""
    pack = services_of(request).packs[pack_id]
    return await process(request, PackRequest, lambda message: [Pipeline(pack.steps, "", pack.id)])


@post("/packs", status_code=200, opt=METERED)
async def run_packs(request: HttpRequest) -> Response[bytes] | Stream:
    """Run many packs over one decode of one picture."""
    packs = services_of(request).packs

    def plan(message: PacksRequest) -> Sequence[Pipeline]:
        if len(set(message.packs)) < len(message.packs):
            raise invalid("/packs", "A pack stands twice.")
        pipelines = []
        for index, pack_id in enumerate(message.packs):
            try:
                pipelines.append(Pipeline(packs[pack_id].steps, "", pack_id))
            except FilemillError as error:
                raise invalid(f"/packs/{index}", error.detail) from None
        return pipelines

    return await process(request, PacksRequest, plan)

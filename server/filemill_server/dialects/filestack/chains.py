"""Runs a chain of tasks over its sources: one file comes out, whether it is delivered, kept or stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts
from filemill.sources import Source
from filemill.task import Output, output_of
from filemill_server.assets import Asset
from filemill_server.bodies import Part
from filemill_server.dialects import work
from filemill_server.dialects.filestack.apps import App
from filemill_server.dialects.filestack.origins import Origin, kind_of
from filemill_server.dialects.filestack.policies import check
from filemill_server.dialects.filestack.request import Task
from filemill_server.dialects.filestack.tasks.base import Kind, Step
from filemill_server.dialects.filestack.tasks.data import (
    DataTask,
    ImageSize,
    PdfInfo,
    image_size,
    ocr_answer,
    pdf_info,
)
from filemill_server.dialects.filestack.tasks.plan import Plan, translate
from filemill_server.dialects.filestack.zipping import pack
from filemill_server.folder import too_large
from filemill_server.inputs import Bringer
from filemill_server.plans.sizes import file_limit, task_limits
from filemill_server.received import Received, identified, unidentified
from filemill_server.services import services_of
from filemill_server.serving import missing_asset
from filemill_server.wire import HttpRequest

MAX_SOURCE_BYTES = 256 << 20
MAX_SOURCE_PIXELS = 100_000_000
_AT_ONCE = 4
_WORKED_ON = (ErrorCode.INVALID_FILE, ErrorCode.TARGET_UNREACHABLE)
"""What is found wrong by a worker only."""


class Chain(Struct, frozen=True, kw_only=True):
    """Work that is asked for.

    Fields:
        origins: the sources, which may be used so.
        many: whether they were given as a list.
        tasks: in their order.
        payer: the app whose plan pays, and whose the result is.
        wanted: the format that the request's `Accept` makes of a picture, where the chain asks for that.
    """

    origins: Sequence[Origin]
    many: bool
    tasks: tuple[Task, ...]
    payer: App
    wanted: str | None = None


async def make(request: HttpRequest, folder: Path, chain: Chain) -> Output:
    """Do a chain, in the name of who pays for it.

    Args:
        request: who asks; the client is not waited for.
        folder: of the work; the result is in it.
        chain: what is to be done.

    Raises:
        FilemillError: whatever was wrong with a source or in the work.
    """
    request.scope["state"]["key"] = chain.payer.key
    async with _charged(request, chain.payer):
        files = await _bring(request, folder, chain)
        kinds = {kind_of(file.media_type) for file in files}
        plan = translate(chain.tasks, kinds.pop() if len(kinds) == 1 else Kind.OTHER, many=chain.many)
        if plan.zipped:
            return await asyncio.to_thread(pack, files, folder)
        steps = [*plan.steps, *_negotiated(plan, chain.wanted)]
        if not steps:
            return _as_it_is(files[0])
        limits = task_limits(services_of(request).limits, None)
        made = await work.make(
            request,
            folder,
            work.steps(request, *steps),
            files=[Part("source", file.path, file.name) for file in files],
            archive=True,
            limits=replace(limits, max_pixels=min(limits.max_pixels, MAX_SOURCE_PIXELS)),
        )
        output = made.outputs[0]
        return output if plan.data is None else await asyncio.to_thread(_told, plan.data, output, folder)


@asynccontextmanager
async def _charged(request: HttpRequest, payer: App) -> AsyncIterator[None]:
    """Count one unit of the payer's plan; what failed before anything was worked on is given back."""
    usage = services_of(request).usage
    charge = await usage.take(payer.key)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, FilemillError) or error.code not in _WORKED_ON:
            await usage.refund(charge)
        raise


async def _bring(request: HttpRequest, folder: Path, chain: Chain) -> Sequence[Received]:
    """Bring the sources into a folder: each within the limits, and all together about within that of one upload."""
    services = services_of(request)
    plan = services.plans[chain.payer.key.plan]
    limit = file_limit(services.settings.max_upload_bytes, plan)
    if not any(task.name == "zip" and task.on for task in chain.tasks):
        limit = min(limit, MAX_SOURCE_BYTES)
    bringer = Bringer(services, folder, chain.payer.tenant, {}, plan, limit=limit)

    async def one(index: int, origin: Origin) -> Received:
        if origin.asset is not None:
            return await bring_stored(request, folder / f"stored-{index}", origin.asset, limit)
        source = Source(url=origin.url, headers=dict(origin.headers) or None)
        (given,) = await bringer.bring([(f"/source/{index}", source)])
        file = await _identified(request, Part("", Path(given.path), given.name))
        if origin.policy is not None:
            check(origin.policy, replace(origin.use, size=file.size))
        return file

    files: list[Received] = []
    numbered = list(enumerate(chain.origins))
    while numbered:
        begun, numbered = numbered[:_AT_ONCE], numbered[_AT_ONCE:]
        files += await asyncio.gather(*(one(*each) for each in begun))
        if (size := sum(file.size for file in files)) > services.settings.max_upload_bytes:
            raise too_large("The list of sources", size, services.settings.max_upload_bytes)
    return files


async def bring_stored(request: HttpRequest, path: Path, asset: Asset, limit: int) -> Received:
    """Bring a file that is here to a path.

    Raises:
        FilemillError: `FILE_TOO_LARGE`, or `NOT_FOUND` where it was deleted just now.
    """
    if asset.size > limit:
        raise too_large(asset.filename, asset.size, limit)
    try:
        await services_of(request).storage.fetch(asset.storage_name, path)
    except FileNotFoundError:  # deleted since it was looked up
        raise missing_asset() from None
    return Received(path, asset.filename, asset.format, asset.media_type, asset.size, asset.sha256)


async def _identified(request: HttpRequest, part: Part) -> Received:
    """Find out what a fetched file is; one that no format knows can be packed and stored all the same."""
    try:
        return await identified(services_of(request), part)
    except FilemillError as error:
        if error.code not in (ErrorCode.UNSUPPORTED_MEDIA, ErrorCode.INVALID_FILE):
            raise
        return await unidentified(part)


def _negotiated(plan: Plan, wanted: str | None) -> Sequence[Step]:
    if not plan.auto_image or wanted is None or plan.kind is not Kind.PICTURE or plan.data is not None:
        return []
    return [{"op": "convert", "format": {"type": wanted}}]


def _as_it_is(file: Received) -> Output:
    return Output(
        path=str(file.path),
        name=file.name,
        format=file.format,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        facts={},
    )


def _told(task: DataTask, output: Output, folder: Path) -> Output:
    """Write what a data task tells of a file."""
    facts: Mapping[str, Any] = output.facts
    told: Facts
    if isinstance(task, ImageSize):
        name, told = "imagesize", image_size(facts["data"])
    elif isinstance(task, PdfInfo):
        name, told = "pdfinfo", pdf_info(facts["data"])
    else:
        name, told = "ocr", ocr_answer(facts, Path(output.path).read_text(encoding="utf-8"))
    path = folder / f"told-{name}.json"
    path.write_bytes(msgspec.json.encode(told))
    return output_of(path, f"{name}.json", "json", "application/json", {})

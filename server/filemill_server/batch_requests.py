"""A batch from its request to its jobs: checked wholly, and all that it needs in the store, before it is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection

from filemill.errors import ErrorCode, Fault, FilemillError, invalid
from filemill.faults import convert, refuse, unknown
from filemill.operation import Operation
from filemill.pipeline import check_steps
from filemill.sources import Source, sources_in
from filemill.task import encode_steps
from filemill_server.answers import Answer
from filemill_server.bodies import Body, Part
from filemill_server.doing import Pipeline
from filemill_server.inputs import Bringer
from filemill_server.intake import KEEP_SECONDS
from filemill_server.jobs.batch import plan
from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.work import SavedPipeline
from filemill_server.messages import MAX_SOURCES, BatchRequest, batch_request
from filemill_server.plans.metering import meter_of
from filemill_server.plans.usage import Charge
from filemill_server.prefer import accepted, parse_prefer, parse_priority
from filemill_server.processing import wait_for
from filemill_server.received import unidentified
from filemill_server.services import Services, base_url, key_of, plan_of, services_of
from filemill_server.webhooks.checks import check_webhook
from filemill_server.wire import HttpRequest

MAX_STEPS_BYTES = 64 << 20
"""The steps of a batch as JSON, times its inputs: every part has its own."""


@dataclass(frozen=True)
class Batch:
    """A request that has been read and checked.

    Attributes:
        request: with a valid key in its state.
        folder: of the request.
        body: of the request.
        message: what it says.
        pipelines: what to do with each input.
    """

    request: HttpRequest
    folder: Path
    body: Body
    message: BatchRequest
    pipelines: Sequence[Pipeline]
    rows: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, request: HttpRequest, folder: Path, body: Body) -> Batch:
        """Check a request.

        Raises:
            FilemillError: `INVALID_PARAMETER` with every fault, `OPERATION_UNAVAILABLE`.
        """
        services = services_of(request)
        message: BatchRequest = convert(body.parameters, batch_request(services.registry), strict=body.strict)
        pipelines, found = _pipelines(services, message)
        found += _input_faults(body, message)
        if found:
            raise refuse(found)
        return cls(request, folder, body, message, pipelines)

    async def answer(self, kept: bool) -> Answer:
        """Answer with the job; with its result where the caller waits for it and it comes in time (NC-05)."""
        preference = parse_prefer(self.request.headers.getall("prefer", []))
        row = await self._submit()
        if preference.wait is None or preference.respond_async or self.message.output.webhook is not None:
            return accepted(row, preference)
        return await wait_for(self.request, row, preference.wait)

    async def _submit(self) -> JobRow:
        """Make the request jobs: nothing that they need is on this machine any more."""
        services, tenant = services_of(self.request), key_of(self.request).tenant
        if (url := self.message.output.webhook) is not None:
            await check_webhook(services, tenant, url)
        saved = [await self._saved(index, pipeline) for index, pipeline in enumerate(self.pipelines)]
        given = self.message.sources or []
        most = MAX_STEPS_BYTES // (len(given) or len(self.body.files))
        if (size := sum(len(pipeline.steps) for pipeline in saved)) > most:
            where = "/steps" if self.message.packs is None else "/packs"
            raise invalid(where, f"They have {size} bytes as JSON; for so many inputs at most {most} are allowed.")
        if self.body.files:
            ids = await asyncio.gather(*map(self._put, self.body.files))
            sources = [(f"/files/{index}", Source(upload_id=upload)) for index, upload in enumerate(ids)]
        else:
            sources = [(f"/sources/{index}", source) for index, source in enumerate(given)]
        jobs = plan(
            tenant=tenant,
            pipelines=saved,
            sources=sources,
            packs=self.message.packs is not None,
            output=self.message.output,
            metadata=self.message.metadata,
            base_url=base_url(self.request),
            uploads=[str(row["id"]) for row in self.rows],
            urgency=parse_priority(self.request.headers.getall("priority", [])),
            plan=key_of(self.request).plan,
        )
        # Every input counts; the request itself has paid for one.
        charges: list[Charge] = []

        def pay(connection: Connection) -> None:
            charges[:] = [services.usage.charging(connection, key_of(self.request), len(sources) - 1)]

        row = await services.jobs.submit(*jobs, uploads=self.rows, pay=pay if len(sources) > 1 else None)
        if (meter := meter_of(self.request)) is not None:
            meter.charges += charges
        return row

    async def _saved(self, index: int, pipeline: Pipeline) -> SavedPipeline:
        """Return a pipeline as the parts have it: a file in its JSON is an upload now, as it would be in each."""
        services = services_of(self.request)
        held = [(at, source) for at, source in sources_in(pipeline.steps) if source.base64 is not None]
        plain = msgspec.to_builtins(pipeline.steps)
        bringer = Bringer(services, self.folder, key_of(self.request).tenant, {}, plan_of(self.request))
        pointer = pipeline.pointer or f"/packs/{index}"
        brought = await bringer.bring([(pointer + at, source) for at, source in held])
        for (at, _), file in zip(held, brought, strict=True):
            _replace(plain, at, {"uploadId": await self._put(Part("", Path(file.path), file.name))})
        return SavedPipeline(msgspec.Raw(msgspec.json.encode(plain)), pipeline.pointer, pipeline.pack)

    async def _put(self, part: Part) -> str:
        """Bring a file of the request into the store, whatever it is: a part of which nothing comes says why."""
        services = services_of(self.request)
        given = await unidentified(part)
        upload, row = await services.uploads.put(
            given.path,
            id=services.uploads.new_id(),
            tenant=key_of(self.request).tenant,
            filename=given.name,
            format=given.format,
            media_type=given.media_type,
            size=given.size,
            sha256=given.sha256,
            ttl_seconds=KEEP_SECONDS,
        )
        self.rows.append(row)
        return upload.id


def _pipelines(services: Services, message: BatchRequest) -> tuple[Sequence[Pipeline], list[Fault]]:
    """Give the pipelines of a message, and what is wrong with them."""
    if (message.steps is None) == (message.packs is None):
        given = "Give 'steps' or 'packs', not both." if message.steps else "'steps' or 'packs' is missing."
        return [], [Fault("/packs" if message.steps else "/steps", f"{given} They say what is done with each input.")]
    if message.packs is not None:
        return _packs(services, message.packs)
    steps = cast("Sequence[Operation]", message.steps)
    try:
        check_steps(services.registry, steps, services.limits)
        encode_steps(steps)
    except FilemillError as error:
        if error.code is not ErrorCode.INVALID_PARAMETER:
            raise
        return [], list(error.faults)
    return [Pipeline(steps, "/steps")], []


def _packs(services: Services, names: Sequence[str]) -> tuple[Sequence[Pipeline], list[Fault]]:
    packs = services.packs.packs
    found = [
        Fault(f"/packs/{index}", unknown(name, packs, "pack")) for index, name in enumerate(names) if name not in packs
    ]
    if len(set(names)) < len(names):
        found.append(Fault("/packs", "A pack stands twice."))
    return [Pipeline(packs[name].steps, "", name) for name in names if name in packs], found


def _input_faults(body: Body, message: BatchRequest) -> list[Fault]:
    found = [Fault(f"/{name}", unknown(name, ["file", "files"], "file part")) for name in body.parts]
    if message.sources is not None and body.files:
        found.append(Fault("/sources", "The body brought files and names sources as well; one of them are the inputs."))
    if message.sources is None and not body.files:
        found.append(Fault("/sources", "'sources' is missing. It says where the inputs come from."))
    if len(body.files) > MAX_SOURCES:
        found.append(Fault("/files", f"A batch has at most {MAX_SOURCES} inputs; this one has {len(body.files)}."))
    return found


def _replace(plain: Any, pointer: str, value: object) -> None:
    """Put a value where a pointer leads to; the names in it are those of fields, which need no escapes."""
    *way, last = pointer.split("/")[1:]
    for name in way:
        plain = plain[int(name)] if isinstance(plain, list) else plain[name]
    plain[int(last) if isinstance(plain, list) else last] = value

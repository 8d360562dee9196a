"""One processing request from its body to its answer: read, check, then work and store, or become a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from litestar import Response
from litestar.response import Stream

from filemill.errors import Problem, invalid
from filemill.faults import convert
from filemill.pipeline import check_steps
from filemill.sources import Source
from filemill.task import Input
from filemill_server.admission import has_arrived
from filemill_server.answers import Answer, answer, answer_of
from filemill_server.bodies import Body, read_body
from filemill_server.doing import Doing, Pipeline, do, working_folder
from filemill_server.inputs import PART
from filemill_server.jobs.rows import JobRow, State
from filemill_server.messages import Archive, InputRequest, PacksRequest, Request
from filemill_server.negotiation import prefers_bytes
from filemill_server.prefer import Preference, accepted, parse_prefer, parse_priority
from filemill_server.presence import while_connected
from filemill_server.replay import Replay
from filemill_server.services import Services, base_url, file_limit_of, key_of, plan_of, services_of
from filemill_server.submission import submit
from filemill_server.wire import HttpRequest

R = TypeVar("R", bound=Request)


Plan = Callable[[R], Sequence[Pipeline]]


async def process(request: HttpRequest, message_type: type[R], plan: Plan[R]) -> Response[bytes] | Stream:
    """Do a processing request.

    Args:
        request: with a valid key in its state.
        message_type: the struct that its parameters are converted to.
        plan: gives the pipelines of a message.

    Raises:
        FilemillError: whatever was wrong with it.
    """
    services = services_of(request)
    async with working_folder(services.work_folder) as folder:
        replay = Replay(request)
        body = await read_body(
            request,
            folder,
            limit=file_limit_of(request),
            structs=(message_type,),
        )
        message: R = convert(_with_parts(body), message_type, strict=body.strict)
        pipelines = plan(message)
        for pipeline in pipelines:
            check_steps(services.registry, pipeline.steps, services.limits, pipeline.pointer)
        has_arrived(request)
        given = _Given(request, services, folder, body, message, pipelines, _input_sources(message, body))
        return await replay.answer(body, message.output.idempotency_key, given.answer)


@dataclass(frozen=True)
class _Given:
    """A request that has been read and checked: its inputs are still to be brought, and the work to be done."""

    request: HttpRequest
    services: Services
    folder: Path
    body: Body
    message: Request
    pipelines: Sequence[Pipeline]
    sources: Sequence[tuple[str, Source]]

    async def answer(self, kept: bool) -> Answer:
        """Answer with the result, or with the job that makes it, as the request prefers (NC-05).

        Without a preference it waits as long as this server lets callers wait.
        """
        preference = parse_prefer(self.request.headers.getall("prefer", []))
        if preference.respond_async or self.message.output.webhook is not None:
            return accepted(await self._submit(), preference)
        if preference.wait is not None:
            return await wait_for(self.request, await self._submit(), preference.wait)
        cap = self.services.settings.wait_seconds
        if cap is None:
            return await self._answer_now(kept)
        try:
            async with asyncio.timeout(cap):
                return await self._answer_now(kept)
        except TimeoutError:
            return accepted(await self._submit(), preference)

    async def _answer_now(self, kept: bool) -> Answer:
        """Do the work, as long as the client waits for it, store the results and answer."""
        doing = Doing(
            pipelines=self.pipelines,
            files=[Input(str(part.path), part.name) for part in self.body.files],
            sources=self.sources,
            parts=self.body.parts,
            archive=self.message.output.archive is Archive.ZIP,
            bundle=self._wants_bundle(),
        )
        work = do(
            self.services,
            doing,
            self.folder,
            key_of(self.request).tenant,
            limits=self.services.limits,
            plan=plan_of(self.request),
        )
        outcome = await while_connected(self.request, work)
        return await answer(self.request, outcome, self.message, self._packs(), kept=kept)

    async def _submit(self) -> JobRow:
        return await submit(
            self.services,
            key_of(self.request).tenant,
            self.folder,
            self.body,
            sources=self.sources,
            pipelines=self.pipelines,
            output=self.message.output,
            metadata=self.message.metadata,
            packs=isinstance(self.message, PacksRequest),
            bundle=self._wants_bundle(),
            base_url=base_url(self.request),
            urgency=parse_priority(self.request.headers.getall("priority", [])),
            plan=plan_of(self.request),
        )

    def _packs(self) -> Sequence[str | None] | None:
        return [pipeline.pack for pipeline in self.pipelines] if isinstance(self.message, PacksRequest) else None

    def _wants_bundle(self) -> bool:
        """Whether the results of many pipelines are wanted as bytes: then they are one ZIP."""
        return len(self.pipelines) > 1 and prefers_bytes(self.request.headers.get("accept"))


async def wait_for(request: HttpRequest, row: JobRow, seconds: int) -> Answer:
    """Wait a while for a job that a request has become, and answer with its result, or with the job.

    Args:
        request: whose client waits.
        row: the job.
        seconds: how long the client is ready to wait (NC-05).

    Raises:
        FilemillError: for which the job failed.
    """
    services = services_of(request)
    row = await services.jobs.watch.wait(row.id, min(seconds, services.settings.deadline_seconds))
    if row.state is State.FAILED and row.error is not None:
        raise msgspec.json.decode(row.error, type=Problem).error()
    if row.state is not State.SUCCEEDED or row.result is None:
        return accepted(row, Preference(wait=seconds))
    return await answer_of(request, row.result, {"Preference-Applied": f"wait={seconds}"})


def _with_parts(body: Body) -> dict[str, object]:
    """Let file parts stand as sources in the parameters they are named for."""
    return body.parameters | {field: {"uploadId": f"{PART}{field}"} for field in body.parts}


def _input_sources(message: Request, body: Body) -> list[tuple[str, Source]]:
    """Give the inputs that are not in the body, with their pointers."""
    if isinstance(message, InputRequest):
        named = message.source is not None or message.sources is not None
        given = message.inputs if named or not body.files else []
        pointers = ["/source"] if message.source is not None else [f"/sources/{index}" for index in range(len(given))]
    else:
        assert isinstance(message, PacksRequest)
        named = message.source is not None
        given = [message.source] if message.source is not None else []
        pointers = ["/source"]
        if len(body.files) > 1:
            raise invalid("/source", "Packs are made of one picture; several were sent.")
        if not named and not body.files:
            raise invalid("/source", "'source' is missing. It says where the picture comes from.")
    if named and body.files:
        raise invalid("/source", "The body brought a file and names a source as well; one of them is the input.")
    return list(zip(pointers, given, strict=False))

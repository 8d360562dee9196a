"""One processing request from its body to its answer: read, check, bring inputs, work, store, answer."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from litestar import Response
from litestar.response import Stream
from msgspec import Struct

from filemill.errors import FilemillError, invalid
from filemill.faults import convert
from filemill.operation import Operation
from filemill.pipeline import check_steps
from filemill.sources import Source, sources_in
from filemill.task import Input, Outcome, Task, encode_steps
from filemill_server.answers import Answer, answer
from filemill_server.bodies import Body, read_body
from filemill_server.inputs import PART, Bringer
from filemill_server.messages import Archive, InputRequest, PacksRequest, Request
from filemill_server.negotiation import prefers_bytes
from filemill_server.presence import while_connected
from filemill_server.replay import Replay
from filemill_server.services import Services, key_of, services_of
from filemill_server.wire import HttpRequest

R = TypeVar("R", bound=Request)


class Pipeline(Struct, frozen=True):
    """Steps to run, where they stand in the request (a JSON pointer), and the pack they come from."""

    steps: Sequence[Operation]
    pointer: str
    pack: str | None = None


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
            limit=services.settings.max_upload_bytes,
            structs=(message_type,),
        )
        message: R = convert(_with_parts(body), message_type, strict=body.strict)
        pipelines = plan(message)
        for pipeline in pipelines:
            check_steps(services.registry, pipeline.steps, services.limits, pipeline.pointer)
        job = Job(request, services, folder, body, message, pipelines, _input_sources(message, body))
        return await replay.answer(body, message.output.idempotency_key, job.run)


@asynccontextmanager
async def working_folder(parent: Path) -> AsyncIterator[Path]:
    """Make a folder for one request and remove it with everything in it, however the request ends."""
    folder = parent / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Job:
    """A request that has been read and checked: its inputs are still to be brought, and the work to be done."""

    request: HttpRequest
    services: Services
    folder: Path
    body: Body
    message: Request
    pipelines: Sequence[Pipeline]
    sources: Sequence[tuple[str, Source]]

    async def run(self, kept: bool) -> Answer:
        """Do the work, as long as the client waits for it, store the results and answer."""
        outcome = await while_connected(self.request, self._outcome())
        return await answer(
            self.request, outcome, self.message, [pipeline.pack for pipeline in self.pipelines], kept=kept
        )

    async def _outcome(self) -> Outcome:
        """Bring the inputs and have a worker do the task."""
        bringer = Bringer(self.services, self.folder, key_of(self.request).tenant, self.body.parts)
        parameters = {
            source.key: (pointer, source)
            for pipeline in self.pipelines
            for pointer, source in sources_in(pipeline.steps, pipeline.pointer)
        }
        brought = await bringer.bring([*self.sources, *parameters.values()])
        inputs, extras = brought[: len(self.sources)], brought[len(self.sources) :]
        task = Task(
            inputs=[Input(str(part.path), part.name) for part in self.body.files] + inputs,
            pipelines=[encode_steps(pipeline.steps) for pipeline in self.pipelines],
            folder=str(self.folder),
            limits=self.services.limits,
            extras=dict(zip(parameters, extras, strict=True)),
            archive=self.message.output.archive is Archive.ZIP,
            bundle=[pipeline.pack or "" for pipeline in self.pipelines] if self._wants_bundle() else None,
        )
        return await _run(self.services, task)

    def _wants_bundle(self) -> bool:
        """Whether the results of many pipelines are wanted as bytes: then they are one ZIP."""
        return len(self.pipelines) > 1 and prefers_bytes(self.request.headers.get("accept"))


async def _run(services: Services, task: Task) -> Outcome:
    metrics = services.metrics
    metrics.bytes_in.inc(sum(Path(given.path).stat().st_size for given in task.inputs))
    try:
        outcome = await services.pool.run(task)
    except FilemillError as error:
        metrics.tasks.labels(error.code.name).inc()
        raise
    finally:
        metrics.admitted.set(services.pool.admitted)
    metrics.tasks.labels("OK").inc()
    return outcome


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

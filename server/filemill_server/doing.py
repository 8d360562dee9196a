"""The work of a request or a job: inputs are brought into a folder, and a worker process does the task."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from filemill.errors import FilemillError
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pool import Lane, OnProgress
from filemill.sources import Source, sources_in
from filemill.task import Input, Outcome, Task, encode_steps
from filemill_server.bodies import Part
from filemill_server.inputs import Bringer
from filemill_server.outages import disk_outages
from filemill_server.plans.plan import Plan
from filemill_server.plans.sizes import task_limits
from filemill_server.services import Services


@dataclass(frozen=True)
class Pipeline:
    """Steps to run, where they stand in the request (a JSON pointer), and the pack they come from."""

    steps: Sequence[Operation]
    pointer: str
    pack: str | None = None


@dataclass(frozen=True, kw_only=True)
class Doing:
    """Checked work.

    Attributes:
        pipelines: what to do with the inputs.
        files: inputs that are on this machine; they come first.
        sources: inputs that are to be brought, with their JSON pointers.
        parts: files on this machine that stand for a parameter, by its name.
        archive: whether many results of a pipeline become one ZIP.
        bundle: whether the results of all pipelines become one ZIP.
    """

    pipelines: Sequence[Pipeline]
    files: Sequence[Input]
    sources: Sequence[tuple[str, Source]]
    parts: Mapping[str, Part]
    archive: bool
    bundle: bool


async def do(
    services: Services,
    doing: Doing,
    folder: Path,
    tenant: str,
    *,
    limits: Limits,
    plan: Plan | None = None,
    lane: Lane = Lane.REQUEST,
    on_progress: OnProgress | None = None,
    waiting: AbstractContextManager[object] | None = None,
) -> Outcome:
    """Bring the inputs and have a worker do the task.

    Args:
        services: of the server.
        doing: the work.
        folder: where the inputs and the results are put.
        tenant: whose uploads and assets may be read.
        limits: of the task, as the server has them.
        plan: whose own limits hold beside them.
        lane: whether somebody holds a connection for it.
        on_progress: is told how far it is.
        waiting: is entered while the task of a job waits for a worker.

    Raises:
        FilemillError: whatever was wrong with an input or in the work.
    """
    bringer = Bringer(services, folder, tenant, doing.parts, plan)
    parameters = {
        source.key: (pointer, source)
        for pipeline in doing.pipelines
        for pointer, source in sources_in(pipeline.steps, pipeline.pointer)
    }
    brought = await bringer.bring([*doing.sources, *parameters.values()])
    inputs, extras = brought[: len(doing.sources)], brought[len(doing.sources) :]
    task = Task(
        inputs=[*doing.files, *inputs],
        pipelines=[encode_steps(pipeline.steps) for pipeline in doing.pipelines],
        folder=str(folder),
        limits=task_limits(limits, plan),
        extras=dict(zip(parameters, extras, strict=True)),
        archive=doing.archive,
        bundle=[pipeline.pack or "" for pipeline in doing.pipelines] if doing.bundle else None,
    )
    metrics = services.metrics
    metrics.bytes_in.inc(sum(Path(given.path).stat().st_size for given in task.inputs))
    try:
        outcome = await services.pool.run(task, on_progress, lane, waiting or nullcontext())
    except FilemillError as error:
        metrics.tasks.labels(error.code.name).inc()
        raise
    finally:
        metrics.admitted.set(services.pool.admitted)
    metrics.tasks.labels("OK").inc()
    return outcome


@asynccontextmanager
async def working_folder(parent: Path) -> AsyncIterator[Path]:
    """Make a folder for one piece of work and remove it with everything in it, however the work ends.

    Raises:
        FilemillError: `OVERLOADED` where the disk has no room for what is put there.
    """
    folder = parent / secrets.token_hex(8)
    with disk_outages():
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

"""What a dialect has done: a pipeline over the files of a request, its results kept as assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.sources import Source
from filemill.task import Input, Outcome, Output
from filemill_server.assets import Asset
from filemill_server.bodies import Part
from filemill_server.doing import Doing, Pipeline, do
from filemill_server.inputs import Bringer
from filemill_server.messages import OutputOptions
from filemill_server.presence import while_connected
from filemill_server.results import outputs_of, store_all
from filemill_server.services import key_of, plan_of, services_of
from filemill_server.wire import HttpRequest


@dataclass(frozen=True)
class Made:
    """What became of a request's files.

    Attributes:
        outcome: of the task: what the inputs were and what each step reports.
        outputs: the files, in the request's folder.
    """

    outcome: Outcome
    outputs: Sequence[Output]


async def bring(request: HttpRequest, folder: Path, source: Source, limit: int) -> Part:
    """Bring one input into the folder of a request, for a look at it before the work.

    Args:
        request: with a valid key in its state, whose uploads and assets may be read.
        folder: of the request.
        source: the input.
        limit: its bytes, in place of what the plan allows, where the server allows no fewer.

    Raises:
        FilemillError: it can't be had; `FILE_TOO_LARGE` tells `sizeBytes` and `limitBytes`.
    """
    bringer = Bringer(services_of(request), folder, key_of(request).tenant, {}, limit=limit)
    (given,) = await while_connected(request, bringer.bring([("/source", source)]))
    return Part("source", Path(given.path), given.name)


async def run(
    request: HttpRequest,
    folder: Path,
    pipeline: Sequence[Operation],
    *,
    files: Sequence[Part] = (),
    sources: Sequence[Source] = (),
    archive: bool = False,
    bundle: bool = False,
) -> Made:
    """Do a pipeline, as long as the client waits for it.

    Args:
        request: with a valid key in its state.
        folder: of the request.
        pipeline: its steps.
        files: inputs that came with the request; they come first.
        sources: inputs that are to be brought.
        archive: whether many results become one ZIP.
        bundle: whether the results become one ZIP, also where there is but one.

    Raises:
        FilemillError: whatever was wrong with an input, a step or in the work.
    """
    work = make(request, folder, pipeline, files=files, sources=sources, archive=archive, bundle=bundle)
    return await while_connected(request, work)


async def make(
    request: HttpRequest,
    folder: Path,
    pipeline: Sequence[Operation],
    *,
    files: Sequence[Part] = (),
    sources: Sequence[Source] = (),
    archive: bool = False,
    bundle: bool = False,
    limits: Limits | None = None,
) -> Made:
    """Do a pipeline as `run` does, whether the client waits for it or not: others may.

    Args:
        request: as of `run`, and so are all others but the last.
        folder: of the request.
        pipeline: its steps.
        files: inputs that came with the request.
        sources: inputs that are to be brought.
        archive: whether many results become one ZIP.
        bundle: whether the results become one ZIP, also where there is but one.
        limits: in place of the server's.

    Raises:
        FilemillError: whatever was wrong with an input, a step or in the work.
    """
    services = services_of(request)
    limits = limits or services.limits
    check_steps(services.registry, pipeline, limits, "")
    doing = Doing(
        pipelines=[Pipeline(pipeline, "")],
        files=[Input(str(part.path), part.name) for part in files],
        sources=[(f"/source/{index}", source) for index, source in enumerate(sources)],
        parts={},
        archive=archive,
        bundle=bundle,
    )
    outcome = await do(services, doing, folder, key_of(request).tenant, limits=limits, plan=plan_of(request))
    return Made(outcome, outputs_of(outcome))


async def keep(request: HttpRequest, outputs: Sequence[Output], options: OutputOptions) -> Sequence[Asset]:
    """Keep results as assets of the caller."""
    return await store_all(services_of(request), outputs, options, key_of(request).tenant)


def steps(request: HttpRequest, *wanted: Mapping[str, object]) -> Sequence[Operation]:
    """Make a pipeline of plain data: `{"op": name, …}`, as the native API has it.

    Raises:
        FilemillError: `OPERATION_UNAVAILABLE` where no plugin brings an operation, `INVALID_PARAMETER`.
    """
    registry = services_of(request).registry
    for step in wanted:
        if step["op"] not in registry.operations:
            raise FilemillError(ErrorCode.OPERATION_UNAVAILABLE, f"No installed plugin brings {step['op']!r}.")
    return read_steps(registry, list(wanted))

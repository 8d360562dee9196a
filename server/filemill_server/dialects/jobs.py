"""What a dialect accepts as a job: one input, and a pipeline for each format that it may turn out to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from filemill.errors import ErrorCode, FilemillError, Problem
from filemill.operation import Operation
from filemill.pipeline import check_steps
from filemill.sources import Source
from filemill_server.bodies import Body, Part
from filemill_server.intake import KEEP_SECONDS, keep_inputs
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.work import OneInput, SavedPipeline, Work, encode_order
from filemill_server.messages import OutputOptions
from filemill_server.names import content_disposition
from filemill_server.plans.usage import Charge
from filemill_server.services import base_url, key_of, services_of
from filemill_server.wire import HttpRequest

Pipelines = Mapping[str, Sequence[Operation]]
"""What to do with an input, by its format."""


async def submit_one(
    request: HttpRequest,
    folder: Path,
    given: Part | str,
    pipelines: Pipelines,
    output: OutputOptions,
    *,
    id: str,
    max_bytes: int,
    hosts: Sequence[str] | None = None,
    asset_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    deadline_seconds: float | None = None,
    keep_seconds: int = KEEP_SECONDS,
    credits: bool = False,
) -> Charge:
    """Accept a job, which costs a unit, and whose result is kept from its end on.

    Args:
        request: with a valid key in its state.
        folder: of the request.
        given: the input: a file, which is consumed, or a URL.
        pipelines: what to do with it.
        output: what becomes of the result.
        id: of the job: nobody else can guess it.
        max_bytes: of a file that is fetched.
        hosts: that it may be fetched from, and what is below them; None: all.
        asset_id: of the result.
        metadata: that comes back with the result.
        deadline_seconds: longest time from its start.
        keep_seconds: how long the input is kept where the job does not end before.
        credits: whether credits pay where the month's allowance is used up.

    Raises:
        FilemillError: what is wrong with the input or the pipelines, `RATE_LIMITED`, and `QUOTA_EXCEEDED` where
            credits were to pay; there is no job then, and no unit is taken.
    """
    services, key = services_of(request), key_of(request)
    for steps in pipelines.values():
        check_steps(services.registry, steps, services.limits, "")
    body = Body(files=[given] if isinstance(given, Part) else [], parts={}, parameters={}, strict=False)
    sources = [("/source", Source(url=given))] if isinstance(given, str) else []
    kept = await keep_inputs(services, key.tenant, folder, body, sources, keep_seconds=keep_seconds)
    work = Work(
        sources=kept.sources,
        files=kept.files,
        output=output,
        metadata=metadata,
        base_url=base_url(request),
        input=OneInput(
            pipelines={
                known: SavedPipeline(msgspec.Raw(msgspec.json.encode(steps)), "") for known, steps in pipelines.items()
            },
            max_bytes=max_bytes,
            hosts=None if hosts is None else list(hosts),
        ),
        asset_id=asset_id,
        from_end=True,
        deadline_seconds=deadline_seconds,
    )
    job = NewJob(id=id, tenant=key.tenant, plan=key.plan, order=encode_order(work).decode())
    charges: list[Charge] = []

    def pay(connection: Connection) -> None:  # again where the transaction is repeated
        charges[:] = [services.usage.charging(connection, key, credits=credits)]

    try:
        await services.jobs.submit(job, uploads=kept.rows, pay=pay)
    except FilemillError as error:
        if error.code is not ErrorCode.OVERLOADED:  # then the job may be there all the same
            await services.storage.delete([str(row["storage_name"]) for row in kept.rows])
        raise
    return charges[0]


def most_bytes(request: HttpRequest, default: int) -> int:
    """Return the bytes that a file may have; `default`: where the plan of the key does not say."""
    services = services_of(request)
    planned = services.plans[key_of(request).plan].max_file_bytes
    return min(planned or default, services.settings.max_upload_bytes)


def failure_of(row: JobRow) -> FilemillError | None:
    """Return why a job ended without a result; None where it did not."""
    if row.error is not None:
        return msgspec.json.decode(row.error, type=Problem).error()
    cancelled = FilemillError(ErrorCode.CONFLICT, "The job was cancelled.")
    return cancelled if row.state is State.CANCELLED else None


def attachment(filename: str) -> Mapping[str, str]:
    """Return the header by which a browser saves a file, whatever its type."""
    return {"Content-Disposition": content_disposition(filename, "")}

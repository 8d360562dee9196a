"""What callers are shown of a job: in answers, in events and in webhooks (NA-50)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import asdict

from filemill.errors import ErrorCode, FilemillError, Problem
from filemill_server.jobs.rows import JobRow, State
from filemill_server.problems import problem
from filemill_server.webhooks.views import WebhookBody

POLL_SECONDS = 1
"""Between two looks at a job that has not ended (NC-03)."""

_read_problem = msgspec.json.Decoder(Problem).decode


class JobBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A job: work that goes on after its request was answered."""

    job_id: Annotated[str, Meta(description="Id of the job.", max_length=200)]
    status: State
    progress: Annotated[float, Meta(ge=0, le=1, description="How much is done, from 0 to 1.")]
    step: Annotated[str, Meta(description="What is being done, for people.")] | None
    created_at: Annotated[datetime, Meta(tz=True)]
    started_at: Annotated[datetime, Meta(tz=True)] | None
    finished_at: Annotated[datetime, Meta(tz=True)] | None
    parts: Annotated[int, Meta(ge=1, description="Of a batch: how many jobs it consists of.")] | UnsetType = UNSET
    parts_left: Annotated[int, Meta(ge=0, description="Of those, how many have not ended.")] | UnsetType = UNSET
    webhook: Annotated[WebhookBody, Meta(description="What became of its webhook.")] | UnsetType = UNSET
    result: (
        Annotated[Raw, Meta(description="Of a job that succeeded: what the request would have been answered.")]
        | UnsetType
    ) = UNSET
    error: (
        Annotated[Raw, Meta(description="Of a job that failed: why; its `request_id` is the job's id.")] | UnsetType
    ) = UNSET


class JobList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of own jobs, the newest first; `nextCursor` is null on the last page."""

    jobs: list[JobBody]
    next_cursor: str | None


class PartBody(JobBody, frozen=True, kw_only=True):
    """A part of a batch: the job of one of its inputs."""

    source: Annotated[int, Meta(ge=0, description="Place of its input in `sources`, or among the files; from 0.")]


class PartList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of the parts of a batch, in the order of its inputs; `nextCursor` is null on the last page."""

    parts: list[PartBody]
    next_cursor: str | None


def job_path(id: str) -> str:
    """Return where a job is."""
    return f"/v1/jobs/{id}"


def job_body(row: JobRow, webhook: WebhookBody | None = None) -> JobBody:
    """Return a job as it is shown, with what became of its webhook where that is known.

    A request's id is not known of it any more; its own stands for that.
    """
    error: Raw | UnsetType = UNSET
    if row.error is not None:
        details, _ = problem(_read_problem(row.error).error(), request_id=row.id, path=job_path(row.id))
        error = Raw(msgspec.json.encode(details))
    return JobBody(
        job_id=row.id,
        status=row.state,
        progress=row.progress,
        step=row.step,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        parts=row.parts or UNSET,
        parts_left=row.parts_left if row.parts else UNSET,
        webhook=webhook or UNSET,
        result=UNSET if row.result is None else Raw(row.result.encode()),
        error=error,
    )


def part_body(row: JobRow) -> PartBody:
    """Return a part of a batch as it is shown."""
    return PartBody(**asdict(job_body(row)), source=row.position)


def missing_job() -> FilemillError:
    """Make the one answer for expired, foreign and unknown jobs."""
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such job, or it ended more than 24 hours ago.")

"""`/v1/jobs`: work that goes on after its request was answered (NA-50)."""

from __future__ import annotations

from litestar import Response, delete, get
from litestar.response import Stream

from filemill.errors import invalid
from filemill_server.jobs.events import job_events
from filemill_server.jobs.rows import JobRow, State
from filemill_server.jobs.views import POLL_SECONDS, JobList, job_body
from filemill_server.paging import next_link, page_size
from filemill_server.services import key_of, services_of
from filemill_server.wire import HttpRequest, json_answer


@get("/jobs")
async def list_jobs(request: HttpRequest) -> Response[bytes]:
    """List own jobs, newest first, a page at a time."""
    cursor, state = request.query_params.get("cursor"), asked_state(request)
    rows, after = await services_of(request).jobs.list(key_of(request).tenant, cursor, page_size(request), state)
    body = JobList(jobs=[job_body(row) for row in rows], next_cursor=after)
    return json_answer(body, headers={"Cache-Control": "no-store", **next_link(request, after)})


@get("/jobs/{job_id:str}")
async def read_job(request: HttpRequest, job_id: str) -> Response[bytes]:
    """Tell how far a job is, and how it ended."""
    row = await _own(request, job_id)
    headers = {"Cache-Control": "no-store"}
    if not row.state.final:
        headers["Retry-After"] = str(POLL_SECONDS)
    webhook = None if row.webhook is None else await services_of(request).notices.delivery_of(row.id)
    return json_answer(job_body(row, webhook), headers=headers)


@delete("/jobs/{job_id:str}", status_code=204)
async def cancel_job(request: HttpRequest, job_id: str) -> None:
    """Cancel a job."""
    await services_of(request).jobs.cancel(job_id, key_of(request).tenant)


@get("/jobs/{job_id:str}/events")
async def follow_job(request: HttpRequest, job_id: str) -> Stream:
    """Tell of a job's changes as they come, until it has ended."""
    row = await _own(request, job_id)
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    events = job_events(services_of(request).jobs.watch, row.id)
    return Stream(events, headers=headers, media_type="text/event-stream")


async def _own(request: HttpRequest, job_id: str) -> JobRow:
    return await services_of(request).jobs.get(job_id, key_of(request).tenant)


def asked_state(request: HttpRequest) -> State | None:
    """Return the state that a list is asked for; None for all.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    asked = request.query_params.get("status")
    if asked is None:
        return None
    try:
        return State(asked)
    except ValueError:
        names = ", ".join(f"'{state}'" for state in State)
        raise invalid("/status", f"'status' is one of {names}.") from None

"""The paths of jobs (NA-50), and the answer that starts one (NA-30)."""

from __future__ import annotations

from filemill.errors import ErrorCode
from filemill_server.jobs.events import EVENT, HEARTBEAT_SECONDS
from filemill_server.jobs.rows import State
from filemill_server.jobs.views import JobBody, JobList
from filemill_server.openapi.responses import LIMITS, Json, Responses
from filemill_server.openapi.schemas import Schemas
from filemill_server.openapi.storage import page_parameters, path_id

STATUS: Json = {
    "name": "status",
    "in": "query",
    "description": "Only jobs that are at this point.",
    "schema": {"type": "string", "enum": [str(state) for state in State]},
}
_OWN = (ErrorCode.UNAUTHORIZED, ErrorCode.NOT_FOUND)


def accepted_job(responses: Responses) -> Json:
    """The answer of a request that has become a job."""
    headers = ("Location", "Retry-After", "Preference-Applied", "Cache-Control", "Vary", *LIMITS)
    return responses.body("The work goes on as a job.", JobBody, *headers)


def job_paths(schemas: Schemas, responses: Responses) -> dict[str, Json]:
    """Return the paths of jobs."""
    job_id = path_id("jobId", "Id of a job.")
    return {
        "/v1/jobs": {"get": _list_jobs(responses)},
        "/v1/jobs/{jobId}": {
            "parameters": [job_id],
            "get": {
                **_about("readJob", "Tell how far a job is, and how it ended."),
                "description": "A job is kept for 24 hours after its end.",
                "responses": {
                    "200": responses.body("The job.", JobBody, "Retry-After", "Cache-Control"),
                    **responses.problems(_OWN),
                },
            },
            "delete": {
                **_about("cancelJob", "Cancel a job; one that runs is stopped."),
                "description": "A job that was cancelled before stays so; one that has succeeded or failed is 409.",
                "responses": {
                    "204": responses.empty("It is cancelled."),
                    **responses.problems([*_OWN, ErrorCode.CONFLICT]),
                },
            },
        },
        "/v1/jobs/{jobId}/events": {"parameters": [job_id], "get": _follow_job(schemas, responses)},
    }


def _about(operation_id: str, summary: str) -> Json:
    return {"operationId": operation_id, "tags": ["Jobs"], "summary": summary}


def _list_jobs(responses: Responses) -> Json:
    return {
        **_about("listJobs", "List own jobs, the newest first."),
        "description": "The parts of a batch are not listed, only the batch.",
        "parameters": [STATUS, *page_parameters("Jobs a page.")],
        "responses": {
            "200": responses.body("A page of jobs.", JobList, "Link", "Cache-Control"),
            **responses.problems([ErrorCode.UNAUTHORIZED, ErrorCode.INVALID_PARAMETER]),
        },
    }


def _follow_job(schemas: Schemas, responses: Responses) -> Json:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schemas.ref(JobBody)}
    event = {
        "type": "object",
        "description": "One event.",
        "properties": {"event": {"const": EVENT}, "id": {"type": "string"}, "data": data},
        "required": ["event", "id", "data"],
    }
    return {
        **_about("followJob", "Tell of a job's changes as they come, until it has ended."),
        "description": f"Server-sent events named `{EVENT}`, whose data is the job as `GET /v1/jobs/{{jobId}}` gives"
        " it: one at once, one after each change, and the last with its end, which ends the answer. Where nothing"
        f" changes a comment comes every {HEARTBEAT_SECONDS:.0f} seconds.",
        "responses": {
            "200": responses.content("The events.", {"text/event-stream": {"schema": event}}, "Cache-Control"),
            **responses.problems(_OWN),
        },
    }

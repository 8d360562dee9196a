"""The paths of batches, and of the jobs that they consist of."""

from __future__ import annotations

from collections.abc import Sequence

from filemill.errors import ErrorCode
from filemill_server.jobs.views import PartList
from filemill_server.messages import BatchResult
from filemill_server.openapi.jobs import STATUS, accepted_job
from filemill_server.openapi.processing import CODES, Processing
from filemill_server.openapi.responses import BINARY, LIMITS, Json, Responses
from filemill_server.openapi.schemas import ONE_WORK, Schemas
from filemill_server.openapi.storage import page_parameters, path_id

_PARAMETERS = ("IdempotencyKey", "ContentDigest", "Prefer", "Priority")


def batch_paths(
    schemas: Schemas, responses: Responses, processing: Processing, packs: Sequence[str]
) -> dict[str, Json]:
    """Return the paths of batches; `packs` are the ids of the packs there are."""
    return {
        "/v1/batches": {"post": _add_batch(schemas, responses, processing, packs)},
        "/v1/jobs/{jobId}/parts": {
            "parameters": [path_id("jobId", "Id of a batch's job.")],
            "get": {
                "operationId": "listParts",
                "tags": ["Batches"],
                "summary": "List the jobs of a batch, in the order of its inputs.",
                "parameters": [STATUS, *page_parameters("Jobs a page.")],
                "responses": {
                    "200": responses.body("A page of jobs.", PartList, "Link", "Cache-Control"),
                    **responses.problems([ErrorCode.UNAUTHORIZED, ErrorCode.NOT_FOUND, ErrorCode.INVALID_PARAMETER]),
                },
            },
        },
    }


def _add_batch(schemas: Schemas, responses: Responses, processing: Processing, packs: Sequence[str]) -> Json:
    request = schemas.batch_ref()
    schema = schemas.resolved(request)
    parameters = {name: part for name, part in schema["properties"].items() if name != "sources"}
    form = processing.form(schema, parameters)
    form["schema"]["oneOf"] = list(ONE_WORK)
    content: Json = {"application/json": {"schema": request}, "multipart/form-data": form}
    if packs:
        sources = [{"url": f"https://example.com/{name}.jpg"} for name in ("first", "second")]
        content["application/json"]["example"] = {"sources": sources, "packs": list(packs[:2])}
    return {
        "operationId": "addBatch",
        "tags": ["Batches"],
        "summary": "Do the same with up to 1,000 inputs.",
        "description": "Each input is a job of its own, the batch is one job above them. Its result is one ZIP, or a"
        " list where `output.archive` is `none`; inputs of which nothing came stand in it with the reason. It fails"
        " where nothing came of any.",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS],
        "requestBody": {
            "required": True,
            "description": "JSON that says where the files are, or a form with the files.",
            "content": content,
        },
        "responses": {
            "200": responses.content(
                "With `Prefer: wait=N`, where it ended in time: the result as JSON; or the ZIP itself, where `Accept`"
                " prefers that.",
                {"application/json": {"schema": schemas.ref(BatchResult)}, "application/zip": {"schema": BINARY}},
                *(
                    "Vary",
                    "X-Asset-Id",
                    "ETag",
                    "Content-Disposition",
                    "Idempotency-Replayed",
                    "Preference-Applied",
                    *LIMITS,
                ),
            ),
            "202": accepted_job(responses),
            **responses.problems(CODES),
        },
    }

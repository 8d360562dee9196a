"""`POST /v1/batches`: the same work on many inputs; and the jobs that it consists of."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Stream

from filemill_server.batch_requests import Batch
from filemill_server.bodies import read_body
from filemill_server.doing import working_folder
from filemill_server.jobs.views import PartList, part_body
from filemill_server.messages import batch_request
from filemill_server.paging import next_link, page_size
from filemill_server.plans.metering import METERED
from filemill_server.replay import Replay
from filemill_server.routes.jobs import asked_state
from filemill_server.services import file_limit_of, key_of, services_of
from filemill_server.wire import HttpRequest, json_answer


@post("/batches", status_code=202, opt=METERED)
async def add_batch(request: HttpRequest) -> Response[bytes] | Stream:
    """Do the same with many inputs."""
    services = services_of(request)
    async with working_folder(services.work_folder) as folder:
        replay = Replay(request)
        structs = (batch_request(services.registry),)
        body = await read_body(request, folder, limit=file_limit_of(request), structs=structs)
        batch = Batch.read(request, folder, body)
        return await replay.answer(body, batch.message.output.idempotency_key, batch.answer)


@get("/jobs/{job_id:str}/parts")
async def list_parts(request: HttpRequest, job_id: str) -> Response[bytes]:
    """List the jobs of a batch in the order of its inputs, a page at a time."""
    cursor, state, limit = request.query_params.get("cursor"), asked_state(request), page_size(request)
    tenant = key_of(request).tenant
    rows, after = await services_of(request).jobs.list_parts(job_id, tenant, cursor, limit, state)
    body = PartList(parts=[part_body(row) for row in rows], next_cursor=after)
    return json_answer(body, headers={"Cache-Control": "no-store", **next_link(request, after)})

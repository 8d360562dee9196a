"""`/v1/uploads`: inputs kept for later (NA-40)."""

from __future__ import annotations

from litestar import Response, delete, get, post

from filemill.errors import ErrorCode, FilemillError
from filemill_server.auth import SIGNED, sent_key
from filemill_server.doing import working_folder
from filemill_server.received import received
from filemill_server.resumable.fields import field, read_boolean
from filemill_server.routes.resumable import begin, whole_headers
from filemill_server.services import key_of, services_of
from filemill_server.uploads import Upload, upload_body
from filemill_server.wire import HttpRequest, json_answer


@post("/uploads", status_code=201, opt=SIGNED)
async def add_upload(request: HttpRequest) -> Response[bytes]:
    """Keep a file for later requests; with `Upload-Complete: ?0` its beginning, and the rest is to come (NC-07)."""
    complete = read_boolean(field(request, "upload-complete"))
    if complete is False:
        if sent_key(request) is None:
            raise FilemillError(ErrorCode.FORBIDDEN, "A signed URL takes a whole file; one in parts needs a key.")
        return await begin(request)
    headers = whole_headers(request) if complete else {}
    services = services_of(request)
    async with working_folder(services.work_folder) as folder:
        given = await received(request, folder)
        upload = await services.uploads.add(
            given.path,
            id=services.uploads.new_id(),
            tenant=key_of(request).tenant,
            filename=given.name,
            format=given.format,
            media_type=given.media_type,
            size=given.size,
            sha256=given.sha256,
        )
    headers["Location"] = f"/v1/uploads/{upload.id}"
    return json_answer(upload_body(upload), status=201, headers=headers)


@get("/uploads/{upload_id:str}")
async def read_upload(request: HttpRequest, upload_id: str) -> Response[bytes]:
    """Tell what an upload is."""
    return json_answer(upload_body(await _own(request, upload_id)))


@delete("/uploads/{upload_id:str}", status_code=204)
async def delete_upload(request: HttpRequest, upload_id: str) -> None:
    """End an upload now, also one that has not come to its end."""
    if not await services_of(request).partial_uploads.end(upload_id, key_of(request).tenant):
        raise _unknown()


async def _own(request: HttpRequest, upload_id: str) -> Upload:
    upload = await services_of(request).uploads.get(upload_id)
    if upload is None or upload.tenant != key_of(request).tenant:
        raise _unknown()
    return upload


def _unknown() -> FilemillError:
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")

"""`/v1/uploads`: inputs kept for later (NA-40)."""

from __future__ import annotations

from litestar import Response, delete, get, post

from filemill.errors import ErrorCode, FilemillError
from filemill_server.doing import working_folder
from filemill_server.messages import UploadBody
from filemill_server.received import received
from filemill_server.services import key_of, services_of
from filemill_server.uploads import Upload
from filemill_server.wire import HttpRequest, json_answer


@post("/uploads", status_code=201)
async def add_upload(request: HttpRequest) -> Response[bytes]:
    """Keep a file for later requests."""
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
    return json_answer(_body(upload), status=201, headers={"Location": f"/v1/uploads/{upload.id}"})


@get("/uploads/{upload_id:str}")
async def read_upload(request: HttpRequest, upload_id: str) -> Response[bytes]:
    """Tell what an upload is."""
    return json_answer(_body(await _own(request, upload_id)))


@delete("/uploads/{upload_id:str}", status_code=204)
async def delete_upload(request: HttpRequest, upload_id: str) -> None:
    """End an upload now."""
    await services_of(request).uploads.delete(await _own(request, upload_id))


async def _own(request: HttpRequest, upload_id: str) -> Upload:
    upload = await services_of(request).uploads.get(upload_id)
    if upload is None or upload.tenant != key_of(request).tenant:
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")
    return upload


def _body(upload: Upload) -> UploadBody:
    assert upload.expires_at is not None  # uploads always end
    return UploadBody(
        upload_id=upload.id,
        filename=upload.filename,
        mime_type=upload.media_type,
        size_bytes=upload.size,
        sha256=upload.sha256,
        expires_at=upload.expires_at,
    )

"""Resumable uploads by the IETF's draft (draft-ietf-httpbis-resumable-upload-12) at `/v1/uploads` (NC-07).

The upload resource is the upload itself: `/v1/uploads/{id}` from its first byte on. Interim answers (104) can't be
sent through ASGI, and the draft lets a server leave them out; so a client learns the address by beginning with
`Upload-Complete: ?0`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from litestar import MediaType, Response, patch, route

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies import Digests
from filemill_server.doing import working_folder
from filemill_server.methods import TELLS_OPTIONS, allowed_methods
from filemill_server.names import DEFAULT_NAME, file_name
from filemill_server.plans.sizes import allowed
from filemill_server.problems import answer_error
from filemill_server.resumable.fields import boolean, field, read_boolean, read_count
from filemill_server.resumable.pieces import body_of
from filemill_server.resumable.rows import TTL
from filemill_server.resumable.turn import Turn
from filemill_server.services import file_limit_of, key_of, services_of
from filemill_server.uploads import upload_body
from filemill_server.wire import ClientGone, HttpRequest, json_answer

MEDIA_TYPE = "application/partial-upload"
_TYPES = "https://iana.org/assignments/http-problem-types#"


class UploadRefusedError(FilemillError):
    """A refusal that tells how far the upload is, for the headers of the answer."""

    offset: int | None = None


def _answer(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    response = answer_error(request, error)
    response.headers["Upload-Complete"] = boolean(False)
    if isinstance(error, UploadRefusedError) and error.offset is not None:
        response.headers["Upload-Offset"] = str(error.offset)
    if error.code is ErrorCode.FILE_TOO_LARGE:
        response.headers["Upload-Limit"] = _limit(request)
    if error.code is ErrorCode.UNSUPPORTED_MEDIA:
        response.headers["Accept-Patch"] = MEDIA_TYPE
    return response


@route("/uploads", http_method=["OPTIONS"], opt=TELLS_OPTIONS)
async def tell_options(request: HttpRequest) -> Response[bytes]:
    """Tell what an upload may be."""
    headers = {"Allow": allowed_methods(request), "Accept-Patch": MEDIA_TYPE, "Upload-Limit": _limit(request)}
    return Response(b"", status_code=204, headers=headers)


def whole_headers(request: HttpRequest) -> dict[str, str]:
    """Check a request that says it brings a whole upload, and return the headers of its answer."""
    length, content = read_count(field(request, "upload-length")), _content_length(request)
    if length is not None and content is not None and length != content:
        raise _inconsistent(f"Upload-Length says {length} bytes, Content-Length {content}.")
    return {"Upload-Complete": boolean(True), "Upload-Limit": _limit(request)}


async def begin(request: HttpRequest) -> Response[bytes]:
    """Take the beginning of an upload; the rest is to come."""
    try:
        return await _begin(request)
    except FilemillError as error:
        return _answer(request, error)


async def _begin(request: HttpRequest) -> Response[bytes]:
    services, tenant = services_of(request), key_of(request).tenant
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, "A form can't be resumed; send the file itself as the body.")
    length = read_count(field(request, "upload-length"))
    _check_size(request, length)
    if length is not None and (_content_length(request) or 0) > length:
        raise _inconsistent(f"These are more than the {length} bytes of Upload-Length.")
    name = file_name(request.headers.get("content-disposition")) or DEFAULT_NAME
    upload_id = await services.partial_uploads.begin(tenant, name, length=length)
    try:
        async with services.partial_uploads.turn(upload_id, tenant) as turn:
            await _receive(request, turn)
            offset = turn.upload.offset
    except (FilemillError, ClientGone):  # its address has not been told to anybody
        await services.partial_uploads.end(upload_id, tenant)
        raise
    headers = {
        "Location": f"/v1/uploads/{upload_id}",
        "Upload-Complete": boolean(False),
        "Upload-Offset": str(offset),
        "Upload-Limit": _limit(request),
    }
    return Response(b"", status_code=201, headers=headers, media_type=MediaType.TEXT)


@route("/uploads/{upload_id:str}", http_method=["HEAD"])
async def read_state(request: HttpRequest, upload_id: str) -> Response[bytes]:
    """Tell how far an upload is."""
    services, tenant = services_of(request), key_of(request).tenant
    partial = await services.partial_uploads.get(upload_id, tenant)
    headers = {"Cache-Control": "no-store"}
    if partial is not None and not partial.complete:
        left = partial.expires_at - datetime.now(UTC)
        headers |= {"Upload-Complete": boolean(False), "Upload-Offset": str(partial.offset)}
        headers["Upload-Limit"] = _limit(request, max(int(left.total_seconds()), 0))
        if partial.length is not None:
            headers["Upload-Length"] = str(partial.length)
        return Response(b"", status_code=204, headers=headers)
    upload = await services.uploads.get(upload_id)
    if upload is None or upload.tenant != tenant:
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")
    headers |= {"Upload-Complete": boolean(True), "Upload-Offset": str(upload.size), "Upload-Length": str(upload.size)}
    return Response(b"", status_code=204, headers=headers | {"Upload-Limit": _limit(request)})


@patch("/uploads/{upload_id:str}", exception_handlers={FilemillError: _answer})
async def append(request: HttpRequest, upload_id: str) -> Response[bytes]:
    """Go on with an upload; with `Upload-Complete: ?1` to its end."""
    services, tenant = services_of(request), key_of(request).tenant
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"Bytes of an upload come as {MEDIA_TYPE!r}.")
    provided = read_count(field(request, "upload-offset"))
    complete = read_boolean(field(request, "upload-complete"))
    if provided is None or complete is None:
        raise FilemillError(
            ErrorCode.BAD_REQUEST, "`Upload-Offset: BYTES` and `Upload-Complete: ?0` or `?1` are needed."
        )
    made = await services.uploads.get(upload_id)
    if made is not None and made.tenant == tenant:
        raise _completed(request)
    async with services.partial_uploads.turn(upload_id, tenant) as turn:
        if provided != turn.upload.offset:
            raise _mismatch(turn.upload.offset, provided)
        await _agree_on_length(request, turn, complete)
        await _receive(request, turn)
        if complete:
            return await _finish(request, turn)
    headers = {"Upload-Complete": boolean(False), "Upload-Offset": str(turn.upload.offset)}
    return Response(b"", status_code=204, headers=headers)


async def _finish(request: HttpRequest, turn: Turn) -> Response[bytes]:
    upload = turn.upload
    if upload.length is not None and upload.offset != upload.length:
        raise _inconsistent(
            f"The upload ends after {upload.offset} bytes, and was to have {upload.length}.", upload.offset
        )
    try:
        async with working_folder(services_of(request).work_folder) as folder:
            made = await turn.finish(folder)
    except FilemillError as error:
        response = answer_error(request, error)
        response.headers["Upload-Complete"] = boolean(True)  # all has come; going on would not help
        return response
    headers = {"Location": f"/v1/uploads/{made.id}", "Upload-Complete": boolean(True)}
    return json_answer(upload_body(made), status=201, headers=headers)


async def _receive(request: HttpRequest, turn: Turn) -> None:
    services = services_of(request)
    stated = request.headers.get("content-digest")
    check = None if stated is None else Digests(stated)
    limit = file_limit_of(request)
    async with working_folder(services.work_folder) as folder:
        try:
            await turn.receive(body_of(request), folder, max_bytes=limit, check=check)
        except FilemillError as error:
            if error.code is not ErrorCode.FILE_TOO_LARGE or turn.upload.length is None:
                raise
            await services.partial_uploads.end(turn.upload.id, turn.upload.tenant)  # as the draft wants it
            raise _inconsistent("More bytes came than the upload's length; it has been ended.") from None


async def _agree_on_length(request: HttpRequest, turn: Turn, complete: bool) -> None:
    """Take the length where it is said for the first time; refuse one that is another than before."""
    upload, content = turn.upload, _content_length(request)
    said = {read_count(field(request, "upload-length")), upload.length} - {None}
    if complete and content is not None:
        said.add(upload.offset + content)
    lengths = sorted(length for length in said if length is not None)
    if len(lengths) > 1:
        raise _inconsistent(f"The upload's length can't be {lengths[0]} and {lengths[1]} bytes.", upload.offset)
    if lengths and upload.offset + (content or 0) > lengths[0]:
        raise _inconsistent(
            f"The upload was to have {lengths[0]} bytes, and these would make it longer.", upload.offset
        )
    _check_size(request, lengths[0] if lengths else None, upload.offset)
    if lengths and upload.length is None:
        await turn.set_length(lengths[0])


def _check_size(request: HttpRequest, length: int | None, offset: int = 0) -> None:
    limit = file_limit_of(request)
    size = max(length or 0, offset + (_content_length(request) or 0))
    if size > limit:
        raise FilemillError(ErrorCode.FILE_TOO_LARGE, f"The upload has {size} bytes, more than the {allowed(limit)}.")


def _content_length(request: HttpRequest) -> int | None:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdigit() and declared.isascii() else None


def _limit(request: HttpRequest, age: int = int(TTL.total_seconds())) -> str:
    known = "key" in request.scope["state"]  # `OPTIONS` needs none
    size = file_limit_of(request) if known else services_of(request).settings.max_upload_bytes
    return f"max-size={size}, max-age={age}"


def _mismatch(expected: int, provided: int) -> UploadRefusedError:
    detail = f"The upload has {expected} bytes; go on from there, not from {provided}."
    error = UploadRefusedError(ErrorCode.CONFLICT, detail, type=f"{_TYPES}mismatching-upload-offset")
    error.extra |= {"expected-offset": expected, "provided-offset": provided}
    error.offset = expected
    return error


def _inconsistent(detail: str, offset: int | None = None) -> UploadRefusedError:
    error = UploadRefusedError(ErrorCode.BAD_REQUEST, detail, type=f"{_TYPES}inconsistent-upload-length")
    error.offset = offset
    return error


def _completed(request: HttpRequest) -> FilemillError:
    if _content_length(request) != 0:
        return _inconsistent("The upload is complete; nothing can be added to it.")
    return FilemillError(ErrorCode.BAD_REQUEST, "The upload is complete.", type=f"{_TYPES}completed-upload")

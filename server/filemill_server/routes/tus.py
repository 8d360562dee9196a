"""`/v1/uploads/tus`: resumable uploads by tus 1.0.0 (NC-06)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Final

from litestar import MediaType, Response, Router, post, route
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.spool import too_large
from filemill_server.doing import working_folder
from filemill_server.methods import TELLS_OPTIONS, allowed_methods
from filemill_server.plans.sizes import allowed
from filemill_server.resumable.checksum import ALGORITHMS, Checksum
from filemill_server.resumable.fields import field
from filemill_server.resumable.metadata import name_in, read_metadata
from filemill_server.resumable.pieces import body_of
from filemill_server.resumable.rows import PartialUpload
from filemill_server.resumable.turn import Turn
from filemill_server.services import file_limit_of, key_of, services_of
from filemill_server.wire import ClientGone, HttpRequest

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
MEDIA_TYPE = "application/offset+octet-stream"
_PATH = "/v1/uploads/tus"
_MAX_DIGITS = 15

_CORS = {
    "Access-Control-Allow-Origin": "*",  # keys come in headers, which no page sends unless it knows one
    "Access-Control-Expose-Headers": "Location, Retry-After, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, "
    "Tus-Resumable, Tus-Version, Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, "
    "X-Request-Id",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "DELETE, HEAD, OPTIONS, PATCH, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Tus-Resumable, Upload-Checksum, Upload-Defer-Length, "
    "Upload-Length, Upload-Metadata, Upload-Offset, X-API-Key, X-HTTP-Method-Override, X-Request-Id, X-Requested-With",
    "Access-Control-Max-Age": "86400",
}
_ALWAYS: Final = [
    (name.lower().encode(), value.encode()) for name, value in {**_CORS, "Tus-Resumable": VERSION}.items()
]


def tus_router() -> Router:
    """Return the routes."""
    return Router("/uploads/tus", route_handlers=[tell_options, begin, go_on], middleware=[_announced])


def _announced(app: ASGIApp) -> ASGIApp:
    """Give every answer, also a refusal, the headers that clients of tus and browsers look for."""

    async def announce(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_announced(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [*_ALWAYS, (b"tus-version", VERSION.encode())] if message["status"] == 412 else _ALWAYS
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await app(scope, receive, send_announced)

    return announce


@route(["/", "/{upload_id:str}"], http_method=["OPTIONS"], opt=TELLS_OPTIONS)
async def tell_options(request: HttpRequest) -> Response[bytes]:
    """Tell what is possible, and let browsers do it."""
    headers = {
        "Allow": allowed_methods(request),
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services_of(request).settings.max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        **_PREFLIGHT,
    }
    return Response(b"", status_code=204, headers=headers)


@post("/", status_code=201)
async def begin(request: HttpRequest) -> Response[bytes]:
    """Begin an upload, with or without its first bytes."""
    _check_version(request)
    services, tenant = services_of(request), key_of(request).tenant
    length = _first_length(request)
    given = request.headers.get("upload-metadata")
    name = name_in(read_metadata(given))
    upload_id = await services.partial_uploads.begin(tenant, name, length=length, metadata=given or None)
    try:
        async with services.partial_uploads.turn(upload_id, tenant) as turn:
            if _media_type(request) == MEDIA_TYPE:
                await _receive(request, turn)
            await _finish_if_all(request, turn)
    except (FilemillError, ClientGone):  # its address has not been told to anybody
        await services.partial_uploads.end(upload_id, tenant)
        raise
    headers = {"Location": f"{_PATH}/{upload_id}", "Upload-Offset": str(turn.upload.offset), **_expiry(turn.upload)}
    return Response(b"", status_code=201, headers=headers, media_type=MediaType.TEXT)


@route("/{upload_id:str}", http_method=["HEAD", "PATCH", "DELETE", "POST"])
async def go_on(request: HttpRequest, upload_id: str) -> Response[bytes]:
    """Tell how far an upload is, add bytes to it, or end it."""
    _check_version(request)
    method = request.headers.get("x-http-method-override", request.method).strip().upper()
    if method not in _METHODS:
        raise FilemillError(
            ErrorCode.METHOD_NOT_ALLOWED, f"{method[:20]!r} is not possible here; {', '.join(_METHODS)} are."
        )
    return await _METHODS[method](request, upload_id)


async def _state(request: HttpRequest, upload_id: str) -> Response[bytes]:
    services, tenant = services_of(request), key_of(request).tenant
    upload = await services.partial_uploads.get(upload_id, tenant)
    if upload is None:
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")
    if upload.offset == upload.length and not upload.complete:  # its last request was cut off behind the last byte
        async with services.partial_uploads.turn(upload_id, tenant) as turn:
            await _finish_if_all(request, turn)
    headers = {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store", **_expiry(upload)}
    if upload.length is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(upload.length)
    if upload.metadata is not None:
        headers["Upload-Metadata"] = upload.metadata
    return Response(b"", status_code=200, headers=headers, media_type=MediaType.TEXT)


async def _append(request: HttpRequest, upload_id: str) -> Response[bytes]:
    if _media_type(request) != MEDIA_TYPE:
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"Bytes of an upload come as {MEDIA_TYPE!r}.")
    offset = _count(request, "upload-offset")
    if offset is None:
        raise FilemillError(
            ErrorCode.BAD_REQUEST, "`Upload-Offset` is missing: where the bytes of this request belong."
        )
    services = services_of(request)
    async with services.partial_uploads.turn(upload_id, key_of(request).tenant) as turn:
        if offset != turn.upload.offset:
            raise FilemillError(
                ErrorCode.CONFLICT, f"The upload has {turn.upload.offset} bytes; go on from there, not from {offset}."
            )
        await _take_length(request, turn)
        await _receive(request, turn)
        await _finish_if_all(request, turn)
    headers = {"Upload-Offset": str(turn.upload.offset), **_expiry(turn.upload)}
    return Response(b"", status_code=204, headers=headers)


async def _end(request: HttpRequest, upload_id: str) -> Response[bytes]:
    if not await services_of(request).partial_uploads.end(upload_id, key_of(request).tenant):
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")
    return Response(b"", status_code=204)


_METHODS: Final[dict[str, Callable[[HttpRequest, str], Awaitable[Response[bytes]]]]] = {
    "HEAD": _state,
    "PATCH": _append,
    "DELETE": _end,
}


def _check_version(request: HttpRequest) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise FilemillError(ErrorCode.PRECONDITION_FAILED, f"`Tus-Resumable: {VERSION}` is needed.")


def _media_type(request: HttpRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _count(request: HttpRequest, name: str) -> int | None:
    """Read a header that is a number of bytes."""
    value = field(request, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise FilemillError(ErrorCode.BAD_REQUEST, f"{name.title()}: a number of bytes is right, not {value[:40]!r}.")
    return int(value)


def _first_length(request: HttpRequest) -> int | None:
    length, deferred = _count(request, "upload-length"), request.headers.get("upload-defer-length")
    if (length is None) == (deferred is None) or deferred not in (None, "1"):
        raise FilemillError(
            ErrorCode.BAD_REQUEST, "Either `Upload-Length: BYTES` or `Upload-Defer-Length: 1` is needed."
        )
    _check_size(request, length or 0)
    return length


async def _take_length(request: HttpRequest, turn: Turn) -> None:
    """Take the length of an upload that began without it; it can be said once."""
    length, upload = _count(request, "upload-length"), turn.upload
    if length is None or length == upload.length:
        return
    if upload.length is not None or length < upload.offset:
        known = "its length is known" if upload.length is not None else f"{upload.offset} bytes are there"
        raise FilemillError(ErrorCode.BAD_REQUEST, f"Upload-Length: the upload can't have {length} bytes: {known}.")
    _check_size(request, length)
    await turn.set_length(length)


def _check_size(request: HttpRequest, size: int) -> None:
    limit = file_limit_of(request)
    if size > limit:
        raise FilemillError(ErrorCode.FILE_TOO_LARGE, f"The upload has {size} bytes, more than the {allowed(limit)}.")


async def _receive(request: HttpRequest, turn: Turn) -> None:
    services = services_of(request)
    limit = file_limit_of(request) if turn.upload.length is None else turn.upload.length
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and turn.upload.offset + int(declared) > limit:
        raise too_large(limit, "The upload with these bytes")
    stated = request.headers.get("upload-checksum")
    check = None if stated is None else Checksum(stated)
    async with working_folder(services.work_folder) as folder:
        await turn.receive(body_of(request), folder, max_bytes=limit, check=check)


async def _finish_if_all(request: HttpRequest, turn: Turn) -> None:
    if turn.upload.offset == turn.upload.length and not turn.upload.complete:
        async with working_folder(services_of(request).work_folder) as folder:
            await turn.finish(folder)


def _expiry(upload: PartialUpload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}

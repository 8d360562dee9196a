"""Every failure of the native API as problem details (RFC 9457): one shape, a stable code."""

from __future__ import annotations

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from filemill.errors import ErrorCode, FilemillError
from filemill_server.methods import allowed_methods
from filemill_server.plans.headers import limit_headers
from filemill_server.plans.standing import LimitReachedError
from filemill_server.wire import CLIENT_GONE, ClientGone, HttpRequest

log = structlog.get_logger("filemill.http")

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:filemill:error:"
"""Stable URIs of problem types: this and the code in lower case with hyphens. They are names, not pages to fetch."""
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"

_BY_STATUS = {
    400: ErrorCode.BAD_REQUEST,
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.FILE_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA,
}


def problem_type(code: ErrorCode) -> str:
    """Return the stable URI of a problem type; of a limit that is reached it is a registered one (NC-02)."""
    if code is ErrorCode.RATE_LIMITED:
        return QUOTA_TYPE
    return TYPE_BASE + code.name.lower().replace("_", "-")


def problem(error: FilemillError, *, request_id: str, path: str) -> tuple[dict[str, object], dict[str, str]]:
    """Make the body and the headers of a problem answer."""
    code = error.code
    body: dict[str, object] = {
        "type": problem_type(code),
        "title": code.title,
        "status": code.status,
        "detail": error.detail,
        "instance": path,
        "code": code.name,
        "request_id": request_id,
        **error.extra,
    }
    if isinstance(error, LimitReachedError):
        body["violated-policies"] = error.violated
    if error.faults:
        body["errors"] = [{"pointer": f"#{fault.pointer}", "detail": fault.detail} for fault in error.faults]
    headers: dict[str, str] = {}
    if isinstance(error, LimitReachedError):
        # Only of the limits without room, so that nothing in it is later than `Retry-After`.
        violated = [policy for policy in error.policies if policy.name in error.violated]
        headers |= limit_headers(error.policies, violated, now=error.now)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if code is ErrorCode.UNAUTHORIZED:
        invalid = ', error="invalid_token"' if error.extra.get("sent") else ""
        headers["WWW-Authenticate"] = f'Bearer realm="filemill"{invalid}'
        body.pop("sent", None)
    return body, headers


def answer_error(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Answer with a typed error."""
    body, headers = problem(error, request_id=request_id_of(request), path=request.url.path)
    return Response(msgspec.json.encode(body), status_code=error.code.status, media_type=MEDIA_TYPE, headers=headers)


def answer_http(request: HttpRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the router itself refused: an unknown path, a method, a malformed request."""
    response = answer_error(request, routing_error(request, error))
    response.headers.update(allow_header(request, error))
    return response


def routing_error(request: HttpRequest, error: HTTPException) -> FilemillError:
    """Return what the router refused as a typed error."""
    if isinstance(error, NotFoundException):
        return FilemillError(ErrorCode.NOT_FOUND, f"There is nothing at {request.url.path!r}.")
    if isinstance(error, MethodNotAllowedException):
        allowed = allowed_methods(request)
        return FilemillError(ErrorCode.METHOD_NOT_ALLOWED, f"{request.method} is not possible here; {allowed} is.")
    return FilemillError(_BY_STATUS.get(error.status_code, ErrorCode.BAD_REQUEST), str(error.detail))


def allow_header(request: HttpRequest, error: HTTPException) -> dict[str, str]:
    """Return the header that goes with the refusal of a method."""
    return {"Allow": allowed_methods(request)} if isinstance(error, MethodNotAllowedException) else {}


def answer_defect(request: HttpRequest, error: Exception) -> Response[bytes]:
    """Answer an exception nobody expected; only the log says more."""
    log.error("unexpected_error", exc_info=error)
    return answer_error(
        request, FilemillError(ErrorCode.INTERNAL_ERROR, "An unexpected error; the server's log holds it by this id.")
    )


def answer_gone(request: HttpRequest, error: ClientGone) -> Response[bytes]:
    """End the request of a client who has hung up; this goes to the log alone."""
    return Response(b"", status_code=CLIENT_GONE)


def request_id_of(request: HttpRequest) -> str:
    """Return the id the request was given when it came in."""
    return str(request.scope["state"].get("request_id", ""))

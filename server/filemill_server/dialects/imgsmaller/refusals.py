"""Errors as ImgSmaller words them: `message`, and with 422 the faults by field."""

from __future__ import annotations

from litestar import Response

from filemill.errors import ErrorCode, FilemillError
from filemill_server.wire import HttpRequest, json_answer

FIELDS = ("file", "file_base64", "file_url", "target_size", "output")
_STATUS = {
    ErrorCode.BAD_REQUEST: 422,
    ErrorCode.RANGE_NOT_SATISFIABLE: 416,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TARGET_UNREACHABLE: 422,
    ErrorCode.QUOTA_EXCEEDED: 429,
}


def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Make the answer of an error (IS-02, IS-50, IS-52)."""
    status = _STATUS.get(error.code, error.code.status)
    body: dict[str, object] = {"message": error.detail}
    if status == 422:
        body["errors"] = _by_field(error)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return json_answer(body, status=status, headers=headers)


def _by_field(error: FilemillError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fault in error.faults:
        field = fault.pointer.strip("/").partition("/")[0]
        found.setdefault(field if field in FIELDS else "file", []).append(fault.detail)
    return found or {"file": [error.detail]}

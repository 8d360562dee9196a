"""Errors as FileWhirl words them: `error`, and with 402 `reason` and `hint` (FW-05, FW-17, FW-55)."""

from __future__ import annotations

from litestar import Response

from filemill.errors import ErrorCode, FilemillError
from filemill_server.wire import HttpRequest, json_answer

_BAD = (
    ErrorCode.INVALID_PARAMETER,
    ErrorCode.UNSUPPORTED_MEDIA,
    ErrorCode.INVALID_FILE,
    ErrorCode.SOURCE_FORBIDDEN,
    ErrorCode.SOURCE_UNREACHABLE,
    ErrorCode.OPERATION_UNAVAILABLE,
)
_STATUS = dict.fromkeys(_BAD, 400)
_HINT = "Wait until the month is over, or ask whoever runs this server for another plan or for credits."


def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Make the answer of an error."""
    body: dict[str, object] = {"error": error.detail}
    if error.code is ErrorCode.QUOTA_EXCEEDED:
        body |= {"reason": error.extra.get("reason", "quota_exceeded"), "hint": _HINT}
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return json_answer(body, status=_STATUS.get(error.code, error.code.status), headers=headers)

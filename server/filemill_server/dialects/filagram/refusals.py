"""Errors as Filagram words them: `code` and `message` (FG-60…FG-67)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from litestar import Response

from filemill.errors import ErrorCode, FilemillError
from filemill_server.wire import HttpRequest, json_answer

NOT_A_PICTURE = "The uploaded file is not a supported image format."
NO_KEY = "Missing or invalid API key."
MONTH_IS_OVER = "You have exceeded your monthly request limit."

_ROWS: Mapping[ErrorCode, tuple[int, str]] = {
    ErrorCode.BAD_REQUEST: (400, "BAD_REQUEST"),
    ErrorCode.INVALID_PARAMETER: (400, "BAD_REQUEST"),
    ErrorCode.UNAUTHORIZED: (401, "UNAUTHORIZED"),
    ErrorCode.FORBIDDEN: (401, "UNAUTHORIZED"),
    ErrorCode.NOT_FOUND: (404, "NOT_FOUND"),
    ErrorCode.METHOD_NOT_ALLOWED: (405, "METHOD_NOT_ALLOWED"),
    ErrorCode.FILE_TOO_LARGE: (413, "FILE_TOO_LARGE"),
    ErrorCode.RANGE_NOT_SATISFIABLE: (416, "RANGE_NOT_SATISFIABLE"),
    ErrorCode.UNSUPPORTED_MEDIA: (422, "INVALID_FILE"),
    ErrorCode.INVALID_FILE: (422, "INVALID_FILE"),
    ErrorCode.RATE_LIMITED: (429, "RATE_LIMITED"),
}
_DEFECT = (500, "INTERNAL_ERROR")
_EXCEEDED = {"minute": "You have exceeded your requests per minute.", "day": "You have exceeded your daily requests."}


def status_of(error: FilemillError) -> int:
    """Return the HTTP status of an error."""
    return _ROWS.get(error.code, _DEFECT)[0]


def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Answer with an error."""
    status, code = _ROWS.get(error.code, _DEFECT)
    body = {"code": code, "message": _message(error)}
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(resets_at := error.extra.get("resets_at"), datetime):
        body["reset_at"] = _time(resets_at)
    return json_answer(body, status=status, headers=headers)


def _time(moment: datetime) -> str:
    """Write a moment in whole seconds, none too early: who comes again then is not refused again."""
    return (moment + timedelta(seconds=1, microseconds=-1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _message(error: FilemillError) -> str:
    if error.code is ErrorCode.UNAUTHORIZED:
        return NO_KEY
    if error.code is ErrorCode.RATE_LIMITED:
        return _EXCEEDED.get(str(error.extra.get("policy")), MONTH_IS_OVER)
    return error.detail

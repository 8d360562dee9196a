"""Typed errors: every failure a caller can cause or see carries one of the codes below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from msgspec import Struct


class ErrorCode(Enum):
    """A stable error code with its HTTP status, its title and what it means."""

    BAD_REQUEST = (400, "Bad request", "The request could not be read: malformed JSON, multipart or header.")
    UNAUTHORIZED = (401, "Unauthorized", "No key was sent, or the key is unknown, expired or revoked.")
    QUOTA_EXCEEDED = (402, "Quota exceeded", "The plan's allowance is used up.")
    FORBIDDEN = (403, "Forbidden", "The key is valid but may not do this.")
    SOURCE_FORBIDDEN = (403, "Source forbidden", "The source's address is not one to fetch from.")
    NOT_FOUND = (404, "Not found", "There is no such thing, it has expired, or it is someone else's.")
    METHOD_NOT_ALLOWED = (405, "Method not allowed", "The path exists; the `Allow` header lists its methods.")
    CONFLICT = (409, "Conflict", "The same request is still running, or the thing is being changed.")
    PRECONDITION_FAILED = (412, "Precondition failed", "`If-Match` or `Tus-Resumable` names another version.")
    FILE_TOO_LARGE = (413, "File too large", "The body or the file has more bytes than the limit.")
    UNSUPPORTED_MEDIA = (415, "Unsupported media", "The content is of a format that is not read here.")
    RANGE_NOT_SATISFIABLE = (416, "Range not satisfiable", "The asset ends before the range begins.")
    INVALID_PARAMETER = (422, "Invalid parameter", "A parameter is missing, unknown or wrong; see `errors`.")
    INVALID_FILE = (422, "Invalid file", "The file is broken, encrypted or beyond the pixel limits.")
    SOURCE_UNREACHABLE = (422, "Source unreachable", "The source URL did not give a file.")
    TARGET_UNREACHABLE = (422, "Target unreachable", "No encode fits the size; `smallestBytes` would.")
    CHECKSUM_MISMATCH = (460, "Checksum mismatch", "The bytes are not those of the checksum; none of them is kept.")
    RATE_LIMITED = (429, "Rate limited", "Too many requests in a short time.")
    INTERNAL_ERROR = (500, "Internal error", "A defect of this server; the log has it under the request id.")
    OPERATION_UNAVAILABLE = (501, "Operation unavailable", "A program or library is missing on the server.")
    OVERLOADED = (503, "Overloaded", "Too much work at once, or a part is away; try again after `Retry-After`.")
    DEADLINE_EXCEEDED = (504, "Deadline exceeded", "The work took longer than the deadline and was stopped.")

    def __init__(self, status: int, title: str, meaning: str) -> None:
        self.status = status
        self.title = title
        self.meaning = meaning


class Fault(Struct, frozen=True):
    """One wrong thing in a request: `pointer` is a JSON pointer such as `/steps/2/width`."""

    pointer: str
    detail: str


class FilemillError(Exception):
    """An error that is shown to the caller as it stands.

    Args:
        code: one of the stable codes; it decides the HTTP status.
        detail: a sentence that says what was wrong and what would be right.
        faults: every wrong parameter with its JSON pointer.
        retry_after: seconds after which a repetition may succeed.
        extra: further members of the problem document, such as `smallestBytes`; a moment is aware and becomes
            RFC 3339 there.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
        **extra: int | float | str | datetime,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.retry_after = retry_after
        self.extra = extra


class Problem(Struct, frozen=True, omit_defaults=True):
    """A `FilemillError` on its way between processes."""

    code: str
    detail: str
    faults: tuple[Fault, ...] = ()
    retry_after: int | None = None
    extra: dict[str, int | float | str] = {}

    @classmethod
    def of(cls, error: FilemillError) -> Problem:
        """Pack an error."""
        extra = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in error.extra.items()
        }
        return cls(error.code.name, error.detail, error.faults, error.retry_after, extra)

    def error(self) -> FilemillError:
        """Unpack the error."""
        return FilemillError(
            ErrorCode[self.code], self.detail, faults=self.faults, retry_after=self.retry_after, **self.extra
        )


def invalid(pointer: str, detail: str) -> FilemillError:
    """Make the error for one wrong parameter at a JSON pointer."""
    return FilemillError(ErrorCode.INVALID_PARAMETER, detail, faults=[Fault(pointer, detail)])

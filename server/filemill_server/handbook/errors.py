"""The page of error codes, from `ErrorCode`."""

from __future__ import annotations

from filemill.errors import ErrorCode
from filemill_server.handbook.markdown import code, table


def errors_page() -> str:
    """Return the page of all error codes."""
    rows = [[code(error.name), str(error.status), error.title, error.meaning] for error in ErrorCode]
    return (
        "# Errors\n\n"
        "Every error is `application/problem+json` (RFC 9457) with a stable `code`, the `request_id` that the log has"
        " too, and for wrong parameters `errors`: all of them at once, each with its JSON pointer.\n\n"
        + table(["Code", "Status", "Title", "Meaning"], rows)
    )

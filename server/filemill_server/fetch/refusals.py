"""The errors of a fetch. They tell nothing of the network: no address, no open or closed port.

Their pointers start at the source: `/url` or `/headers`.
"""

from __future__ import annotations

from filemill.errors import ErrorCode, Fault, FilemillError
from filemill_server.plans.sizes import allowed

URL_POINTER = "/url"
HEADERS_POINTER = "/headers"


def malformed(detail: str, pointer: str = URL_POINTER) -> FilemillError:
    """Make the error for a URL or headers that no fetch is tried with."""
    return _refusal(ErrorCode.INVALID_PARAMETER, detail, pointer)


def forbidden() -> FilemillError:
    """Make the error for an address, a port or a redirect that is off limits."""
    return _refusal(ErrorCode.SOURCE_FORBIDDEN, "The URL leads to an address that this server does not connect to.")


def too_large(max_bytes: int, size: int) -> FilemillError:
    """Make the error for a source of more than `max_bytes` bytes; `size` is what is known of its own."""
    error = _refusal(ErrorCode.FILE_TOO_LARGE, f"The source has more than the {allowed(max_bytes)}.")
    error.extra |= {"sizeBytes": size, "limitBytes": int(max_bytes)}
    return error


def outside() -> FilemillError:
    """Make the error for a host that is none of those that sources may come from."""
    return _refusal(ErrorCode.SOURCE_FORBIDDEN, "The URL leads to a host that sources may not come from.")


def unreachable(detail: str = "") -> FilemillError:
    """Make the error for a source that gave no file.

    Without `detail` all failures of the network read the same, whatever it was that failed.
    """
    text = detail or "The source could not be reached, or did not give a whole file in time."
    return _refusal(ErrorCode.SOURCE_UNREACHABLE, text)


def _refusal(code: ErrorCode, detail: str, pointer: str = URL_POINTER) -> FilemillError:
    return FilemillError(code, detail, faults=[Fault(pointer, detail)])

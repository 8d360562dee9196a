"""The codes of errors and their way between processes."""

from __future__ import annotations

import re

import msgspec
import pytest

from filemill.errors import ErrorCode, Fault, FilemillError, Problem, invalid

STATUSES = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "QUOTA_EXCEEDED": 402,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "FILE_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA": 415,
    "INVALID_PARAMETER": 422,
    "INVALID_FILE": 422,
    "SOURCE_UNREACHABLE": 422,
    "SOURCE_FORBIDDEN": 403,
    "TARGET_UNREACHABLE": 422,
    "OPERATION_UNAVAILABLE": 501,
    "RATE_LIMITED": 429,
    "OVERLOADED": 503,
    "DEADLINE_EXCEEDED": 504,
    "INTERNAL_ERROR": 500,
}
ERROR = FilemillError(
    ErrorCode.TARGET_UNREACHABLE,
    "It does not fit.",
    faults=[Fault("/maxSizeBytes", "Too small.")],
    retry_after=3,
    smallestBytes=812,
)


@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_a_code_has_its_status(name: str, status: int) -> None:
    """NA-70: the stable codes and their statuses."""
    assert ErrorCode[name].status == status


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_says_what_it_means(code: ErrorCode) -> None:
    """NA-70: each code is a member of its own, with a title and a sentence."""
    assert re.fullmatch(r"[A-Z_]+", code.name)
    assert code.title.upper().replace(" ", "_") == code.name
    assert code.meaning.endswith(".")


def test_codes_of_equal_status_stay_apart() -> None:
    """Two codes of one status are not aliases of each other."""
    assert len({code.name for code in ErrorCode}) == len(ErrorCode.__members__)


def test_an_error_is_whole_after_its_way_between_processes() -> None:
    """Code, sentence, faults, time and extras arrive as they were sent."""
    sent = msgspec.msgpack.encode(Problem.of(ERROR))
    arrived = msgspec.msgpack.decode(sent, type=Problem).error()
    for name in ("code", "detail", "faults", "retry_after", "extra"):
        assert getattr(arrived, name) == getattr(ERROR, name)


def test_an_invalid_parameter_names_its_pointer() -> None:
    """NA-71: the short form carries one fault."""
    error = invalid("/width", "Too wide.")
    assert (error.code, error.faults) == (ErrorCode.INVALID_PARAMETER, (Fault("/width", "Too wide."),))

"""Which requests are refused by their head where there is no room for their work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from filemill_server.admission import Admission
from filemill_server.app import create_app
from filemill_server.settings import Settings
from filemill_server.workforce import pool_of

pytestmark = pytest.mark.filterwarnings("ignore:.*declared using deprecated inferred")


@pytest.fixture(scope="module")
def admission(tmp_path_factory: pytest.TempPathFactory) -> Admission:
    """Of an application all of whose places are taken, with a dialect at the root and one under a host name."""
    return of(tmp_path_factory.mktemp("data"))


def of(folder: Path, wait_seconds: float | None = None) -> Admission:
    """Make it; no process is started."""
    settings = Settings(
        data_dir=folder,
        root_dialects=("filewhirl",),
        dialect_hosts=("filestack=files.example.com",),
        wait_seconds=wait_seconds,
    )
    pool = pool_of(settings)
    pool.admitted = pool.capacity
    made: Admission = create_app(settings, pool).state.admission
    return made


def refused(
    admission: Admission, request: str, headers: Mapping[str, str] = {}, query: str = "", *, surplus: bool = False
) -> bool:
    """Whether a request is refused."""
    method, path = request.split()
    sent = {"host": "api.example.com"} | headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "state": {},
    }
    answer = admission.refusal(scope, surplus=surplus)
    assert answer is None or answer.startswith(b"HTTP/1.1 503 ")
    return answer is not None


@pytest.mark.parametrize(
    "request_line",
    ["POST /v1/resize", "POST /v1/process", "POST /v1/packs", "POST /v1/packs/any", "POST /native/v1/resize"],
)
def test_work_is_refused(admission: Admission, request_line: str) -> None:
    """What a worker would have to do while its caller waits."""
    assert refused(admission, request_line)


@pytest.mark.parametrize(
    "request_line",
    ["GET /v1/resize", "POST /v1/uploads", "POST /v1/batches", "GET /v1/assets", "GET /health/ready", "POST /v1"],
)
def test_what_needs_no_worker_is_let_in(admission: Admission, request_line: str) -> None:
    """All else that the native API has."""
    assert not refused(admission, request_line)


def test_jobs_are_let_in(admission: Admission, tmp_path: Path) -> None:
    """Who says in the head that a job will do; and everybody, where requests that wait become jobs."""
    assert not refused(admission, "POST /v1/resize", {"prefer": "respond-async"})
    assert not refused(admission, "POST /v1/resize", query="width=9&webhook=https%3A%2F%2Fexample.com")
    assert not refused(of(tmp_path, wait_seconds=5), "POST /v1/resize")


def test_dialects_refuse_by_themselves(admission: Admission) -> None:
    """Under their host names, their prefixes and at the root, in words of their own."""
    assert not refused(admission, "POST /v1/resize", {"host": "files.example.com"})
    assert not refused(admission, "POST /filestack/v1/resize")
    assert not refused(admission, "POST /filewhirl/v1/resize")


def test_a_connection_too_many_asks_for_health_alone(admission: Admission) -> None:
    """Whatever else it asks is refused, its connection too."""
    assert refused(admission, "GET /v1/assets", surplus=True)
    assert refused(admission, "POST /v1/resize", {"prefer": "respond-async"}, surplus=True)
    assert not refused(admission, "GET /health/live", surplus=True)

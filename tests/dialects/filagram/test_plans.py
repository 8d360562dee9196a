"""Plans and their limits: FG-05, FG-37, FG-50…FG-54, FG-63, FG-65, FG-68."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pyvips

from filagram_wire import client_of, done, moment, new_key, refused
from filemill_server.plans.declared import load_plans
from live import LiveServer

RESIZED = ("url", "width", "height", "size")
PATH = "/api/v1/resize"

NewClient = Callable[..., httpx.Client]


@pytest.fixture
def new_client(planned: LiveServer, request: pytest.FixtureRequest) -> NewClient:
    """Makes a client whose key is of a plan; all of a test's are of one tenant."""

    def make(plan: str, *, test: bool = False) -> httpx.Client:
        client = client_of(planned, new_key(planned, plan=plan, test=test, name=request.node.name))
        request.addfinalizer(client.close)
        return client

    return make


@pytest.fixture(scope="session")
def square() -> bytes:
    """A JPEG of 64x64."""
    return bytes(pyvips.Image.black(64, 64).jpegsave_buffer())


def worked(client: httpx.Client, square: bytes) -> None:
    """Have something done."""
    done(client.post(PATH, files={"file": square}, data={"width": "16"}), *RESIZED)


def limited(response: httpx.Response) -> tuple[str, datetime]:
    """Check that an answer refuses for a limit, and return its message and when there is more."""
    message = refused(response, 429, "RATE_LIMITED")
    reset = moment(response.json()["reset_at"])
    wait = (reset - datetime.now(UTC)).total_seconds()
    assert wait - 2 <= int(response.headers["retry-after"]) <= wait + 3
    return message, reset


@pytest.mark.parametrize(
    ("name", "month", "minute", "file_bytes"),
    [("free", 100, 5, 10 << 20), ("pro", 10_000, 60, 100 << 20), ("enterprise", None, None, 1 << 30)],
)
def test_shipped_plans(name: str, month: int | None, minute: int | None, file_bytes: int) -> None:
    """FG-50, FG-51, FG-52, DX-16: requests a month and a minute, and bytes of a file."""
    plan = load_plans(None)[name]
    assert (plan.requests_per_month, plan.requests_per_minute, plan.max_file_bytes) == (month, minute, file_bytes)


def test_default_plan() -> None:
    """FG-53: a key of Filagram's for which no plan is named has the plan Enterprise."""
    assert load_plans(None).chosen(None, "filagram") == "enterprise"


def test_the_month(new_client: NewClient, square: bytes) -> None:
    """FG-54, FG-60, FG-65: past the month's requests it is 429 until the next UTC month begins."""
    client = new_client("two")
    worked(client, square)
    worked(client, square)
    message, reset = limited(client.post(PATH, files={"file": square}, data={"width": "16"}))
    assert message == "You have exceeded your monthly request limit."
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert reset == (first + timedelta(days=32)).replace(day=1)


def test_the_minute(new_client: NewClient, square: bytes) -> None:
    """FG-54, FG-65: the burst limit is 429 as well, until the oldest request is 60 seconds past."""
    client = new_client("burst")
    before = datetime.now(UTC)
    worked(client, square)
    after = datetime.now(UTC)
    worked(client, square)
    worked(client, square)
    _, reset = limited(client.post(PATH, files={"file": square}, data={"width": "16"}))
    assert before + timedelta(seconds=60) <= reset <= after + timedelta(seconds=63)


def test_what_counts(new_client: NewClient, square: bytes) -> None:
    """FG-53: 200 and 422 count; 400, 413, 404, 405 and results that are fetched do not."""
    client = new_client("two")
    refused(client.post(PATH, files={"file": square}), 400, "BAD_REQUEST")
    refused(client.post(PATH, content=b"x"), 400, "BAD_REQUEST")
    refused(client.post(PATH, files={"file": bytes(200_001)}), 413, "FILE_TOO_LARGE")
    refused(client.post("/filagram/api/v1/rotate"), 404, "NOT_FOUND")
    refused(client.get(PATH), 405, "METHOD_NOT_ALLOWED")
    refused(client.get("/output/none.jpg"), 404, "NOT_FOUND")
    refused(client.post(PATH, files={"file": b"no picture"}, data={"width": "16"}), 422, "INVALID_FILE")
    worked(client, square)
    limited(client.post(PATH, files={"file": square}, data={"width": "16"}))


def test_test_keys_have_their_own_counts(new_client: NewClient, square: bytes) -> None:
    """FG-05: what a test key uses leaves the live key's month as it is."""
    live, test = new_client("two"), new_client("two", test=True)
    worked(test, square)
    worked(test, square)
    limited(test.post(PATH, files={"file": square}, data={"width": "16"}))
    worked(live, square)
    worked(live, square)
    limited(live.post(PATH, files={"file": square}, data={"width": "16"}))


def test_limits_come_before_the_body(new_client: NewClient, square: bytes) -> None:
    """FG-68: 429 before 413, 400 and 422."""
    client = new_client("two")
    worked(client, square)
    worked(client, square)
    for files in ({"file": bytes(200_001)}, {"other": b"x"}, {"file": b"no picture"}):
        limited(client.post(PATH, files=files))


def test_the_plans_file_size(new_client: NewClient, square: bytes) -> None:
    """FG-37, FG-63, DX-17: the plan's size holds to the byte, for one file and for the sum of a merge."""
    client = new_client("small")
    data = {"width": "16"}
    done(client.post(PATH, files={"file": square + bytes(20_000 - len(square))}, data=data), *RESIZED)
    over = client.post(PATH, files={"file": square + bytes(20_001 - len(square))}, data=data)
    refused(over, 413, "FILE_TOO_LARGE")
    halves = [("files[]", ("a.pdf", b"%PDF" + bytes(size))) for size in (9_996, 9_997)]
    refused(client.post("/api/v1/merge-pdf", files=halves), 413, "FILE_TOO_LARGE")
    refused(client.post("/api/v1/merge-pdf", files=halves[:1] * 2), 422, "INVALID_FILE")

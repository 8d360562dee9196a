"""A wall clock that is stepped under a running server, forward and back: work goes on, and nothing ends too soon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

import bombs
from clock import NoCompilerError, SteppedClock
from live import LiveServer, problem
from plugin_site import install
from watched import eventually

PLUGIN = Path(__file__).parent.parent / "live" / "plugins" / "slow_plugin.py"
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> SteppedClock:
    """The clock of the server."""
    try:
        return SteppedClock(tmp_path_factory.mktemp("clock") / "made")
    except NoCompilerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, clock: SteppedClock) -> Iterator[LiveServer]:
    """A server that lives by that clock."""
    folder = tmp_path_factory.mktemp("stepped")
    settings = {"FILEMILL_WORKERS": "2", **install(folder / "site", PLUGIN, slow=""), **clock.environment}
    made = LiveServer(folder / "data", settings)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(server: LiveServer, clock: SteppedClock) -> Iterator[httpx.Client]:
    """A client of it; the clock is right again afterwards."""
    with server.client() as made:
        yield made
    clock.step(0)


def begin_nap(client: httpx.Client, seconds: float) -> str:
    """Send a job that sleeps."""
    job = client.post(
        "/v1/nap", files={"file": ("a.txt", b"x")}, data={"seconds": seconds}, headers={"Prefer": "respond-async"}
    )
    assert job.status_code == 202, job.text
    return job.headers["location"]


def test_the_server_lives_by_the_stepped_clock(client: httpx.Client, clock: SteppedClock) -> None:
    """What follows would show nothing if the step did not reach the server."""
    clock.step(DAY)

    def ahead() -> float:
        return parsedate_to_datetime(client.get("/health/live").headers["date"]).timestamp() - time.time()

    assert eventually(lambda: abs(ahead() - DAY) < HOUR)


@pytest.mark.parametrize("step", [20 * DAY, -400 * DAY], ids=["forward", "back"])
def test_stepped_in_the_middle_of_jobs(client: httpx.Client, clock: SteppedClock, step: int) -> None:
    """Deadlines are no wall-clock times: jobs at work and waiting succeed, requests are answered, health is well."""
    jobs = [begin_nap(client, 1.5) for _ in range(3)]
    assert eventually(lambda: client.get(jobs[0]).json()["status"] == "running")
    clock.step(step)
    assert client.post("/v1/flip", content=bombs.photo()).status_code == 200
    assert client.get("/health/ready").status_code == 200
    after = begin_nap(client, 0)
    for job in (*jobs, after):
        ended = eventually(lambda job=job: client.get(job).json()["status"] == "succeeded", 30)  # type: ignore[misc]
        assert ended, client.get(job).text


def test_what_expires_does_so_by_the_clock(client: httpx.Client, clock: SteppedClock) -> None:
    """An asset of an hour is there as long as the clock says, and has gone after a step over its end."""
    options = {"output": '{"ttlSeconds": 3600}'}
    form = {"file": ("a.jpg", bombs.photo())}
    made = client.post("/v1/flip", files=form, data=options)
    assert made.status_code == 200, made.text
    path = f"/v1/assets/{made.json()['assetId']}"
    clock.step(-HOUR)
    assert client.get(path).status_code == 200
    clock.step(HOUR // 2)
    assert client.get(path).status_code == 200
    clock.step(2 * HOUR)
    problem(client.get(path), 404, "NOT_FOUND")


def test_started_with_a_clock_that_is_behind(server: LiveServer, client: httpx.Client, clock: SteppedClock) -> None:
    """A machine that comes up a year behind: what it had done is there, and jobs that waited are done."""
    kept = client.post("/v1/flip", content=bombs.photo()).json()["assetId"]
    job = begin_nap(client, 3)
    server.kill()
    clock.step(-365 * DAY)
    server.start()
    assert client.get(f"/v1/assets/{kept}").status_code == 200
    assert eventually(lambda: client.get(job).json()["status"] == "succeeded", 60), client.get(job).text
    assert client.post("/v1/flip", content=bombs.photo()).status_code == 200

"""Jobs over REST, by rows that the test puts into the server's database and moves as a worker does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import update

from filemill.errors import ErrorCode, Fault, FilemillError, Problem
from filemill_server.database import Database
from filemill_server.jobs.rows import NewJob
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.keys import Keys
from filemill_server.tables import jobs
from live import LiveServer, problem

pytestmark = pytest.mark.anyio

ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()
RESULT = {"assetId": "a", "url": "https://example.com/a", "width": 5}


@pytest.fixture
def anyio_backend() -> str:
    """The server runs on asyncio."""
    return "asyncio"


class Rows:
    """The jobs of one tenant of a live server, reached past it; `key` is the tenant's."""

    def __init__(self, database: Database, tenant: str, key: str = "") -> None:
        self.database = database
        self.store = JobStore(database)
        self.tenant = tenant
        self.key = key

    async def new(self, **values: Any) -> str:
        """Keep a job that nobody runs, and return its id."""
        job = NewJob(id=f"job-{uuid4().hex}", tenant=self.tenant, order=ORDER, **values)
        await self.store.add(job)
        return job.id

    async def change(self, job_id: str, **values: object) -> None:
        """Change a job's columns."""
        statement = update(jobs).where(jobs.c.id == job_id).values(values)
        await self.database.run(lambda connection: connection.execute(statement))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that runs no jobs: the tests move them. It lets its requests end for more than a minute."""
    made = LiveServer(
        tmp_path_factory.mktemp("server") / "data", {"FILEMILL_DEADLINE_SECONDS": "60"}, words=("serve", "--no-jobs")
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def rows(server: LiveServer) -> AsyncIterator[Rows]:
    """The jobs of a fresh tenant of the server."""
    database = Database(f"sqlite:///{server.data / 'filemill.db'}")
    key, secret = await Keys(database).create(name=f"jobs-{uuid4().hex}")
    yield Rows(database, key.tenant, secret)
    database.close()


@pytest.fixture
async def owner(server: LiveServer, rows: Rows) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that tenant."""
    headers = {"Authorization": f"Bearer {rows.key}"}
    async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=30) as found:
        yield found


async def body_of(owner: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    """Return a job as it is shown."""
    response = await owner.get(f"/v1/jobs/{job_id}")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_a_job_on_its_way(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50, NC-03: state, progress, step and times; while it has not ended, when to look again."""
    job_id = await rows.new()
    response = await owner.get(f"/v1/jobs/{job_id}")
    assert (response.headers["retry-after"], response.headers["cache-control"]) == ("1", "no-store")
    waiting = response.json()
    created = waiting.pop("createdAt")
    assert created.endswith("Z")
    assert waiting == {
        "jobId": job_id,
        "status": "queued",
        "progress": 0,
        "step": None,
        "startedAt": None,
        "finishedAt": None,
    }
    assert await rows.store.begin(job_id, "n")
    await rows.change(job_id, progress=0.25, step="page 3 of 12")
    running = await body_of(owner, job_id)
    assert (running["status"], running["progress"], running["step"]) == ("running", 0.25, "page 3 of 12")
    assert running["startedAt"] >= created
    assert await rows.store.succeed(job_id, json.dumps(RESULT))
    response = await owner.get(f"/v1/jobs/{job_id}")
    assert "retry-after" not in response.headers
    ended = response.json()
    assert (ended["status"], ended["progress"], ended["step"]) == ("succeeded", 1, None)
    assert ended["result"] == RESULT
    assert ended["finishedAt"] >= running["startedAt"]
    assert "error" not in ended


async def test_why_a_job_failed(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50, NC-01: `error` is problem details as the request itself would have been answered with."""
    job_id = await rows.new()
    fault = Fault("/steps/0/maxSizeBytes", "Too small.")
    error = FilemillError(ErrorCode.TARGET_UNREACHABLE, "Nothing fits.", faults=[fault], smallestBytes=900)
    assert await rows.store.fail(job_id, msgspec.json.encode(Problem.of(error)).decode())
    failed = await body_of(owner, job_id)
    assert failed["status"] == "failed"
    assert "result" not in failed
    assert failed["error"] == {
        "type": "urn:filemill:error:target-unreachable",
        "title": "Target unreachable",
        "status": 422,
        "detail": "Nothing fits.",
        "instance": f"/v1/jobs/{job_id}",
        "code": "TARGET_UNREACHABLE",
        "request_id": job_id,
        "smallestBytes": 900,
        "errors": [{"pointer": "#/steps/0/maxSizeBytes", "detail": "Too small."}],
    }


async def test_a_batch_tells_its_parts(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50: how many jobs it consists of and how many are left; a part is a job like any other."""
    batch = await rows.new(parts=2)
    first, _ = [await rows.new(parent=batch, position=position) for position in range(2)]
    assert await rows.store.begin(first, "n")
    assert await rows.store.succeed(first, json.dumps(RESULT))
    found = await body_of(owner, batch)
    assert (found["parts"], found["partsLeft"], found["progress"]) == (2, 1, 0.5)
    assert "parts" not in await body_of(owner, first)


@pytest.mark.parametrize("path", ["", "/events"])
async def test_foreign_jobs_are_not_there(owner: httpx.AsyncClient, rows: Rows, path: str) -> None:
    """NC-14: unknown, another tenant's, and past its time are the same 404; without a key 401."""
    foreign, expired = await rows.new(), await rows.new()
    assert await rows.store.cancel(expired)
    await rows.change(foreign, tenant="other")
    await rows.change(expired, expires_at=1)
    details = set()
    for job_id in (foreign, expired, "unknown", "a%00b", "x" * 200, "ü"):
        for method in ("GET", "DELETE") if path == "" else ("GET",):
            details.add(problem(await owner.request(method, f"/v1/jobs/{job_id}{path}"), 404, "NOT_FOUND")["detail"])
    assert len(details) == 1
    owner.headers.pop("Authorization")
    problem(await owner.get(f"/v1/jobs/{foreign}{path}"), 401, "UNAUTHORIZED")


async def test_listing(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NC-15: newest first, a page at a time by cursor and link, with the filter as it was asked for."""
    ids = [await rows.new() for _ in range(5)]
    await rows.new(parent=ids[0])
    for job_id in ids[:4]:
        assert await rows.store.fail(job_id, msgspec.json.encode(Problem("INVALID_FILE", "Broken.")).decode())
    whole = await owner.get("/v1/jobs")
    assert [job["jobId"] for job in whole.json()["jobs"]] == ids[::-1]
    assert whole.json()["jobs"][0] == await body_of(owner, ids[4])
    assert whole.json()["nextCursor"] is None
    assert "link" not in whole.headers
    assert whole.headers["cache-control"] == "no-store"
    page = await owner.get("/v1/jobs", params={"limit": 3, "status": "failed"})
    assert [job["jobId"] for job in page.json()["jobs"]] == [ids[3], ids[2], ids[1]]
    link = page.links["next"]["url"]
    assert page.json()["nextCursor"] in link
    rest = await owner.get(link)
    assert [job["jobId"] for job in rest.json()["jobs"]] == [ids[0]]
    assert "link" not in rest.headers


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "#/limit"),
        ("limit=201", "#/limit"),
        ("limit=00000000011111", "#/limit"),
        ("cursor=nonsense", "#/cursor"),
        ("status=done", "#/status"),
        ("status=", "#/status"),
    ],
)
async def test_wrong_listings(owner: httpx.AsyncClient, query: str, pointer: str) -> None:
    """NA-71, NC-15: what is wrong with the page asked for."""
    body = problem(await owner.get(f"/v1/jobs?{query}"), 422, "INVALID_PARAMETER")
    assert [error["pointer"] for error in body["errors"]] == [pointer]


async def test_cancelling(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50, NC-13: 204, and again 204; what has ended in another way stays so, which is 409."""
    waiting, running, done, failed = [await rows.new() for _ in range(4)]
    assert await rows.store.begin(running, "n")
    assert await rows.store.succeed(done, json.dumps(RESULT))
    assert await rows.store.fail(failed, msgspec.json.encode(Problem("INVALID_FILE", "Broken.")).decode())
    for job_id in (waiting, running, waiting):
        response = await owner.delete(f"/v1/jobs/{job_id}")
        assert (response.status_code, response.content) == (204, b"")
        assert (await body_of(owner, job_id))["status"] == "cancelled"
    assert "succeeded" in problem(await owner.delete(f"/v1/jobs/{done}"), 409, "CONFLICT")["detail"]
    assert "failed" in problem(await owner.delete(f"/v1/jobs/{failed}"), 409, "CONFLICT")["detail"]
    assert (await body_of(owner, done))["result"] == RESULT


async def test_events(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50: the job now and after each change, as it is shown elsewhere, until it has ended."""
    job_id = await rows.new()
    told: list[dict[str, Any]] = []
    ids = set()
    async with (
        asyncio.timeout(10),
        owner.stream("GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": "7"}) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                assert value == "job"
            elif name == "id":
                ids.add(value)
            elif name == "data":
                told.append(json.loads(value))
                assert told[-1] == await body_of(owner, job_id)
                if len(told) == 1:
                    assert await rows.store.begin(job_id, "n")
                elif len(told) == 2:
                    await rows.change(job_id, progress=0.5)
                elif len(told) == 3:
                    assert await rows.store.succeed(job_id, json.dumps(RESULT))
    assert [(job["status"], job["progress"]) for job in told] == [
        ("queued", 0),
        ("running", 0),
        ("running", 0.5),
        ("succeeded", 1),
    ]
    assert len(ids) == 4
    again = await owner.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": max(ids)})
    assert json.loads(again.text.splitlines()[2].removeprefix("data: ")) == told[-1]


async def test_cancelling_ends_the_stream_at_once(owner: httpx.AsyncClient, rows: Rows) -> None:
    """NA-50: who follows a job learns of its cancellation well before the next look at all jobs."""
    job_id = await rows.new()
    delays = []
    for _ in range(5):
        job_id = await rows.new()
        async with owner.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            cancelled = time.monotonic()
            assert (await owner.delete(f"/v1/jobs/{job_id}")).status_code == 204
            async for _line in lines:
                pass
            delays.append(time.monotonic() - cancelled)
    assert min(delays) < 0.12


async def test_a_stream_does_not_hold_up_the_end_of_the_server(
    server: LiveServer, owner: httpx.AsyncClient, rows: Rows
) -> None:
    """NA-50: the server ends in a moment, and so does the stream, though its job may take days."""
    job_id = await rows.new()
    assert server.process is not None
    try:
        async with owner.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: job"
            server.process.terminate()
            started = time.monotonic()
            assert [line async for line in lines][-1] == ""
            assert time.monotonic() - started < 2
        assert await asyncio.to_thread(server.process.wait, 8) == 0
    finally:
        server.stop()
        server.start()

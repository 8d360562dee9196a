"""Messages about the ends of jobs: what is sent, when again, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, delete, select, update
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from filemill_server.database import Database
from filemill_server.idempotency import Idempotency
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.work import Work, encode_order
from filemill_server.storage import Storage
from filemill_server.sweeper import Sweeper
from filemill_server.tables import jobs, to_stored, webhook_deliveries
from filemill_server.webhooks.delivery import DeliveryPolicy
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.notices import AT_ONCE, Notices
from filemill_server.webhooks.payload import fitted
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from filemill_server.webhooks.views import DeliveryStatus
from filemill_server.workplace import Workplace
from webhook_receiver import PATIENT, POLICY, Receiver, receiving, status

pytestmark = pytest.mark.anyio
ORDER = encode_order(Work(pipelines=[], base_url="http://localhost")).decode()
OK, BUSY, GONE = status("204 No Content"), status("503 Busy"), status("410 Gone")
URL = "https://files.example/v1/jobs/j"


def shown(row: JobRow) -> dict[str, Any]:
    """Show a job, much as `GET /v1/jobs/{jobId}` does."""
    body: dict[str, Any] = {"jobId": row.id, "status": row.state}
    return body | {name: json.loads(text) for name in ("result", "error") if (text := getattr(row, name))}


class Post:
    """Notices on an empty database, and what they stand on."""

    def __init__(self, database: Database, secrets: TenantSecrets) -> None:
        self.database = database
        self.secrets = secrets
        self.jobs = JobStore(database)
        self.endpoints = DisabledEndpoints(database)
        self.registry = CollectorRegistry()
        self.counter = Counter("attempts", "Attempts.", ["outcome"], registry=self.registry)
        self.notices = self.with_secrets(secrets)

    def with_secrets(self, secrets: TenantSecrets, policy: DeliveryPolicy = POLICY) -> Notices:
        """Make notices that are signed by others, or sent otherwise."""
        return Notices(
            self.database,
            self.jobs,
            secrets=secrets,
            endpoints=self.endpoints,
            policy=policy,
            attempts=self.counter,
            shown=shown,
            job_url=lambda job: f"https://files.example/v1/jobs/{job}",
        )

    async def ended(self, url: str | None, id: str = "j") -> None:
        """Make a job that has succeeded."""
        await self.jobs.add(NewJob(id=id, tenant="shop", order=ORDER, webhook=url))
        assert await self.jobs.succeed(id, '{"assetId": "a", "url": "/a?signature=s"}')

    def count(self, outcome: str) -> float:
        """How many attempts had an outcome."""
        return self.registry.get_sample_value("attempts_total", {"outcome": outcome}) or 0


@pytest.fixture
def post(database: Database, secrets: TenantSecrets) -> Post:
    """What the tests work with."""
    return Post(database, secrets)


async def verified(post: Post, receiver: Receiver) -> list[dict[str, Any]]:
    """Check every message that came by the receiver's package, and return the headers."""
    secret = (await post.secrets.get("shop")).secret
    for _, headers, body in receiver.requests:
        assert Webhook(secret).verify(body, headers) == json.loads(body)
    return [headers for _, headers, _ in receiver.requests]


async def test_delivered_at_once(post: Post) -> None:
    """NA-52: the body is the job; it is signed by the tenant's secret, and sent once even if tried again."""
    async with receiving(OK) as receiver:
        await post.ended(receiver.url)
        waiting = await post.notices.delivery_of("j")
        assert waiting is not None
        assert (waiting.status, waiting.attempts, waiting.last_attempt_at) == (DeliveryStatus.PENDING, 0, None)
        assert await post.notices.attempt("j", 1) is None
        assert await post.notices.attempt("j", 1) is None
        assert await post.notices.attempt("j", 2) is None
        [headers] = await verified(post, receiver)
    assert headers["webhook-id"] == "msg_j"
    expected = {"jobId": "j", "status": "succeeded", "result": {"assetId": "a", "url": "/a?signature=s"}}
    assert json.loads(receiver.requests[0][2]) == expected
    told = await post.notices.delivery_of("j")
    assert told is not None
    assert (told.url, told.status, told.attempts) == (receiver.url, DeliveryStatus.DELIVERED, 1)
    assert (told.detail, told.next_attempt_at) == ("The endpoint took the message.", None)
    assert told.last_attempt_at is not None
    assert abs(told.last_attempt_at - datetime.now(UTC)) < timedelta(seconds=10)
    assert post.count("delivered") == 1


ENDS: list[tuple[Callable[[JobStore], Any], State]] = [
    (lambda store: store.fail("j", '{"code": "INVALID_FILE"}'), State.FAILED),
    (lambda store: store.cancel("j"), State.CANCELLED),
]


@pytest.mark.parametrize(("end", "state"), ENDS)
async def test_every_final_state(post: Post, end: Callable[[JobStore], Any], state: State) -> None:
    """NA-52: failed and cancelled jobs are told of too; one that goes on is not."""
    async with receiving(OK) as receiver:
        await post.jobs.add(NewJob(id="j", tenant="shop", order=ORDER, webhook=receiver.url))
        with pytest.raises(ValueError, match="has not ended"):
            await post.notices.attempt("j", 1)
        assert await end(post.jobs)
        await post.notices.attempt("j", 1)
        await verified(post, receiver)
    assert json.loads(receiver.requests[0][2])["status"] == state


async def test_again_until_it_is_taken(post: Post, database: Database) -> None:
    """NC-08: the same message, with the same id, is sent on schedule, also when the job's own row has gone."""
    async with receiving(BUSY) as receiver:
        await post.ended(receiver.url)
        first = await post.notices.attempt("j", 1)
        assert first is not None
        assert 5 <= first <= 5.5
        told = await post.notices.delivery_of("j")
        assert told is not None
        assert (told.status, told.attempts) == (DeliveryStatus.PENDING, 1)
        assert told.detail == "The endpoint answered with status 503."
        assert told.next_attempt_at is not None
        assert 3 <= (told.next_attempt_at - datetime.now(UTC)).total_seconds() <= 6
        again = await post.notices.attempt("j", 1)  # as after a crash: it was made, and is not made again
        assert again is not None
        assert first - 5 < again <= first
        assert len(receiver.requests) == 1
        await database.run(lambda connection: connection.execute(delete(jobs)))
        assert 300 <= (await post.notices.attempt("j", 2) or 0) <= 330
        receiver.answer = OK
        assert await post.notices.attempt("j", 3) is None
        sent = await verified(post, receiver)
    assert {headers["webhook-id"] for headers in sent} == {"msg_j"}
    assert len({body for _, _, body in receiver.requests}) == 1
    assert (post.count("retry"), post.count("delivered")) == (2, 1)


async def test_exhausted(post: Post, database: Database) -> None:
    """NC-08: the tenth failure is the last; then the body, which may hold signed URLs, is gone."""
    async with receiving(BUSY) as receiver:
        await post.ended(receiver.url)
        waits = [await post.notices.attempt("j", number) for number in range(1, 11)]
    assert [wait is None for wait in waits] == [False] * 9 + [True]
    told = await post.notices.delivery_of("j")
    assert told is not None
    assert (told.status, told.attempts, told.next_attempt_at) == (DeliveryStatus.EXHAUSTED, 10, None)
    query = select(webhook_deliveries.c.body)
    assert await database.read(lambda connection: connection.execute(query).scalar_one()) is None


async def test_gone(post: Post) -> None:
    """NC-08: after 410 nothing is sent to this endpoint of this tenant, until it is enabled again."""
    async with receiving(GONE) as receiver:
        await post.ended(receiver.url)
        await post.ended(receiver.url, "k")
        assert await post.notices.attempt("j", 1) is None
        receiver.answer = OK
        assert await post.notices.attempt("k", 1) is None
        assert len(receiver.requests) == 1
        told = [await post.notices.delivery_of(job) for job in ("j", "k")]
        assert [delivery and delivery.status for delivery in told] == [DeliveryStatus.DISABLED] * 2
        ([endpoint], _) = await post.endpoints.list("shop", None, 10)
        assert (endpoint.url, "410" in endpoint.reason) == (receiver.url, True)
        assert await post.endpoints.enable("shop", endpoint.id)
        await post.ended(receiver.url, "l")
        await post.notices.attempt("l", 1)
        assert len(receiver.requests) == 2


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "no URL"])
async def test_refused(post: Post, url: str) -> None:
    """NC-08: where nothing may be sent, nothing is sent, and the job says so."""
    await post.ended(url)
    assert await post.notices.attempt("j", 1) is None
    told = await post.notices.delivery_of("j")
    assert told is not None
    assert (told.status, told.url) == (DeliveryStatus.REFUSED, url)
    assert post.count("refused") == 1


async def test_rotation(post: Post) -> None:
    """NC-08: after a rotation a message carries both signatures, those of the message's last attempt included."""
    async with receiving(BUSY) as receiver:
        await post.ended(receiver.url)
        await post.notices.attempt("j", 1)
        both = (await post.secrets.rotate("shop")).signing
        await post.notices.attempt("j", 2)
    headers, body = receiver.requests[1][1:]
    assert [Webhook(secret).verify(body, headers)["jobId"] for secret in both] == ["j", "j"]
    assert len(headers["webhook-signature"].split(" ")) == 2


async def test_unreadable_secret(post: Post, database: Database) -> None:
    """NC-08: with another secret of the server nothing is sent, nothing is lost, and the log says why."""
    async with receiving(OK) as receiver:
        await post.ended(receiver.url)
        await post.secrets.get("shop")
        other = post.with_secrets(TenantSecrets(database, Sealer(b"another one of 16")))
        with capture_logs() as logs:
            assert 5 <= (await other.attempt("j", 1) or 0) <= 5.5
        assert receiver.requests == []
        assert {"webhook_secret_unreadable", "webhook_attempt"} == {entry["event"] for entry in logs}
        assert await post.notices.attempt("j", 2) is None
        await verified(post, receiver)


async def test_logs_hold_no_secret(post: Post) -> None:
    """NA-83: an attempt is logged by job and outcome, without the URL, which may hold a token, and the result."""
    async with receiving(BUSY) as receiver:
        await post.ended(receiver.url)
        with capture_logs() as logs:
            await post.notices.attempt("j", 1)
    [entry] = logs
    assert (entry["event"], entry["job_id"], entry["number"]) == ("webhook_attempt", "j", 1)
    assert (entry["outcome"], entry["status"]) == ("retry", 503)
    assert not any(word in str(entry) for word in ("hook?a=b", "whsec_", "signature"))


async def test_jobs_without_a_message(post: Post) -> None:
    """NA-52: a job without a webhook, and one that is unknown, end the matter."""
    await post.ended(None)
    for job in ("j", "nobody"):
        assert await post.notices.attempt(job, 1) is None
        assert await post.notices.delivery_of(job) is None


async def test_two_processes_at_once(post: Post) -> None:
    """NA-52: two attempts at the same time send one and the same body."""
    async with receiving(OK) as receiver:
        await post.ended(receiver.url)
        await asyncio.gather(*(post.notices.attempt("j", 1) for _ in range(4)))
        sent = await verified(post, receiver)
    assert {headers["webhook-id"] for headers in sent} == {"msg_j"}
    assert len({body for _, _, body in receiver.requests}) == 1


async def test_silent_endpoints_hold_nobody_up(post: Post) -> None:
    """NC-08: so many attempts of one tenant are made at once, and another tenant's goes before the rest."""
    silence = asyncio.Event()
    patient = post.with_secrets(post.secrets, PATIENT)

    async def answer(_: asyncio.StreamWriter) -> None:
        await silence.wait()

    async with receiving(answer) as silent, receiving(OK) as receiver:
        ids = [f"s{number}" for number in range(AT_ONCE + 2)]
        for job in ids:
            await post.ended(silent.url, job)
        await post.jobs.add(NewJob(id="j", tenant="other", order=ORDER, webhook=receiver.url))
        await post.jobs.cancel("j")
        waiting = [asyncio.create_task(patient.attempt(job, 1)) for job in ids]
        async with asyncio.timeout(60):
            while len(silent.requests) < AT_ONCE:
                await asyncio.sleep(0.01)
        assert await asyncio.wait_for(patient.attempt("j", 1), 30) is None
        assert (len(receiver.requests), len(silent.requests)) == (1, AT_ONCE)
        silence.set()
        assert all(wait is not None for wait in await asyncio.gather(*waiting))


async def test_sweep(post: Post, database: Database) -> None:
    """NA-52: what came of a message is kept for 30 days after the last attempt."""
    await post.ended("http://10.0.0.1/")
    await post.ended("http://10.0.0.1/", "k")
    for job in ("j", "k"):
        await post.notices.attempt(job, 1)
    now = datetime.now(UTC)

    def age(connection: Connection) -> None:
        old = to_stored(now - timedelta(days=30))
        connection.execute(
            update(webhook_deliveries).where(webhook_deliveries.c.job_id == "j").values(last_attempt_at=old)
        )

    assert await post.notices.sweep(now) == 0
    await database.run(age)
    assert await post.notices.sweep(now) == 1
    query = select(webhook_deliveries.c.job_id)
    assert await database.read(lambda connection: connection.execute(query).scalars().all()) == ["k"]


async def test_jobs_wait_for_their_message(post: Post, database: Database, storage: Storage, tmp_path: Path) -> None:
    """NA-52: a job that expired while the server was stopped is told of before its row goes."""
    workplace = Workplace.open(tmp_path / "work")
    sweeper = Sweeper(database, storage, Idempotency(database, workplace.id), workplace)
    later = datetime.now(UTC) + timedelta(hours=25)
    async with receiving(OK) as receiver:
        await post.ended(receiver.url)
        await post.ended(receiver.url, "lost")
        await post.ended(None, "silent")
        await sweeper.sweep_once(later)
        assert {row.id for row in await post.jobs.get_many(["j", "lost", "silent"])} == {"j", "lost"}
        assert await post.notices.attempt("j", 1) is None
        assert len(receiver.requests) == 1
    await sweeper.sweep_once(later)
    assert {row.id for row in await post.jobs.get_many(["j", "lost"])} == {"lost"}
    await sweeper.sweep_once(later + timedelta(days=30))
    assert not await post.jobs.get_many(["lost"])
    workplace.close()


def test_small_bodies_are_whole() -> None:
    """NC-08: what fits is sent as it is."""
    job = {"jobId": "j", "result": {"text": "x" * 19_900}}
    assert fitted(job, URL) == msgspec.json.encode(job)


@pytest.mark.parametrize(
    ("large", "left", "omitted"),
    [
        ({"text": "ä" * 60_000}, {"assetId": "a", "pages": 3}, ["/result/text"]),
        ({"outputs": [{"assetId": "b", "url": "x" * 200}] * 200}, {"assetId": "a", "pages": 3}, ["/result/outputs"]),
        (
            {"text": "x" * 30_000, "metadata": "y" * 25_000},
            {"assetId": "a", "pages": 3},
            ["/result/text", "/result/metadata"],
        ),
        ({"text": "x" * 30_000, "data": "y" * 100}, {"assetId": "a", "pages": 3, "data": "y" * 100}, ["/result/text"]),
    ],
)
def test_large_results_are_cut(large: dict[str, Any], left: dict[str, Any], omitted: list[str]) -> None:
    """NC-08: above 20 kB the largest members go, the message names them, and says where the whole job is."""
    body = fitted({"jobId": "j", "status": "succeeded", "result": {"assetId": "a", "pages": 3} | large}, URL)
    assert len(body) <= 20_000
    assert json.loads(body) == {"jobId": "j", "status": "succeeded", "result": left, "omitted": omitted, "url": URL}


def test_large_errors_are_cut() -> None:
    """NC-08: the reason of a failure stays, the thousand wrong parameters go."""
    error = {"code": "INVALID_PARAMETER", "errors": [{"pointer": f"#/sources/{n}", "detail": "x"} for n in range(999)]}
    body = json.loads(fitted({"jobId": "j", "status": "failed", "error": error}, URL))
    assert (body["error"], body["omitted"]) == ({"code": "INVALID_PARAMETER"}, ["/error/errors"])

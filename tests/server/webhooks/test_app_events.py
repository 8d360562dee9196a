"""Events of apps: written with what they tell of, sent on their own schedule, signed in their own way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import select, update

from filemill_server.database import Database
from filemill_server.dialects.filestack.webhook_signature import signed_headers
from filemill_server.tables import app_events, app_webhooks, to_stored
from filemill_server.webhooks.app_events import OF_ONE_TENANT, Courier, enter_event
from filemill_server.webhooks.app_webhooks import AppWebhooks
from filemill_server.webhooks.sealing import Sealer
from webhook_receiver import PATIENT, receiving, status

pytestmark = pytest.mark.anyio
SEALER = Sealer(b"0123456789abcdef")
TEXT = {"url": "https://files.example/cdn/H", "filename": "ä.png", "size": 3}
DAY = timedelta(days=1)


class Post:
    """A courier on an empty database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.webhooks = AppWebhooks(database, SEALER)
        self.registry = CollectorRegistry()
        self.courier = self.new_courier()

    def new_courier(self) -> Courier:
        """Return the courier of another process."""
        counter = Counter("attempts", "Attempts.", ["outcome"], registry=CollectorRegistry())
        return Courier(self.database, SEALER, policy=PATIENT, attempts=counter, sign=signed_headers)

    async def tell(self, tenant: str = "shop", action: str = "fp.upload") -> None:
        """Let something happen."""
        await self.database.run(lambda connection: enter_event(connection, tenant, action, TEXT))

    async def deliver(self, after: timedelta = timedelta(0)) -> None:
        """Make the attempts that are due at a moment from now."""
        await self.courier.look(datetime.now(UTC) + after)
        await self.courier.settle()

    async def rows(self) -> list[dict[str, Any]]:
        """Return all events."""
        query = select(app_events).order_by(app_events.c.due_at)
        return [dict(row) for row in await self.database.read(lambda c: c.execute(query).mappings().all())]


@pytest.fixture
def post(database: Database) -> Post:
    """Nothing has happened yet."""
    return Post(database)


async def test_delivered(post: Post) -> None:
    """FS-140, FS-143: the event as JSON, signed with the secret of this webhook, and sent once."""
    async with receiving(status("201 Created")) as receiver:
        _, secret = await post.webhooks.add("shop", receiver.url)
        await post.tell()
        await post.deliver()
        await post.deliver(DAY)
    ((first, headers, body),) = receiver.requests
    assert first == "POST /hook?a=b HTTP/1.1"
    said = json.loads(body)
    assert said.pop("timestamp") == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
    assert 0 < said.pop("id") < 1 << 53
    assert said == {"action": "fp.upload", "text": TEXT}
    moment = int(headers["FS-Timestamp"])
    assert moment == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
    assert headers["FS-Signature"] == signed_headers(secret, moment, body)["FS-Signature"]
    (row,) = await post.rows()
    assert (row["status"], row["attempts"], row["body"], row["due_at"]) == ("delivered", 1, None, None)


async def test_schedule(post: Post) -> None:
    """FS-145, FS-146: again after 5 minutes, 30 minutes and 12 hours, the same event each time; then it has failed."""
    async with receiving(status("202 Accepted")) as receiver:
        await post.webhooks.add("shop", receiver.url)
        await post.tell()
        await post.deliver()
        for number, seconds in enumerate((300, 1800, 43_200), 2):
            (row,) = await post.rows()
            assert row["status"] == "pending"
            assert row["due_at"] - row["changed_at"] == seconds * 1_000_000
            await post.deliver(timedelta(seconds=seconds - 10))
            assert len(receiver.requests) == number - 1
            await post.deliver(timedelta(seconds=seconds))
            assert len(receiver.requests) == number
    (row,) = await post.rows()
    assert (row["status"], row["attempts"], row["body"], row["due_at"]) == ("exhausted", 4, None, None)
    assert "202" in row["detail"]
    assert len({body for _, _, body in receiver.requests}) == 1


@pytest.mark.parametrize(("line", "taken"), [("200 OK", True), ("204 No Content", True), ("410 Gone", False)])
async def test_taken(post: Post, line: str, taken: bool) -> None:
    """FS-145: 200, 201 and 204 take an event, and nothing else does."""
    async with receiving(status(line)) as receiver:
        await post.webhooks.add("shop", receiver.url)
        await post.tell()
        await post.deliver()
    (row,) = await post.rows()
    assert row["status"] == ("delivered" if taken else "pending")


async def test_all_webhooks(post: Post) -> None:
    """FS-140, FS-146: every webhook of the tenant is told of one event, with a secret of its own; no other one is."""
    async with receiving(status("200 OK")) as receiver:
        made = [await post.webhooks.add("shop", receiver.url) for _ in range(2)]
        await post.webhooks.add("other", receiver.url)
        await post.tell()
        await post.deliver()
    assert len(receiver.requests) == 2
    assert len({json.loads(body)["id"] for _, _, body in receiver.requests}) == 1
    assert len({headers["FS-Signature"] for _, headers, _ in receiver.requests}) == 2
    assert len({secret for _, secret in made}) == 2
    stored = await post.database.read(lambda c: c.execute(select(app_webhooks.c.secret)).scalars().all())
    assert not any(secret in text for _, secret in made for text in stored)


async def test_with_its_change(post: Post) -> None:
    """FS-140: an event whose change is undone did not happen."""
    await post.webhooks.add("shop", "https://example.com/")

    def fail(connection: Any) -> None:
        enter_event(connection, "shop", "fp.upload", TEXT)
        raise ValueError("the change fails")

    with pytest.raises(ValueError, match="the change fails"):
        await post.database.run(fail)
    assert not await post.rows()


async def test_one_process_at_a_time(post: Post) -> None:
    """FS-146: of several processes one makes an attempt; where it is killed, another one makes it again."""
    other = post.new_courier()
    asked = asyncio.Event()

    async def silence(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.sleep(30)

    async with receiving(silence) as receiver:
        await post.webhooks.add("shop", receiver.url)
        await post.tell()
        now = datetime.now(UTC)
        run = asyncio.create_task(post.courier.run())
        await asked.wait()
        await other.look(now)
        await other.look(now + timedelta(seconds=30))
        await other.settle()
        assert len(receiver.requests) == 1
        run.cancel()  # as a kill ends it: without a word in the database
        await asyncio.gather(run, return_exceptions=True)
        receiver.answer = status("200 OK")
        await other.look(now + timedelta(seconds=61))
        await other.settle()
    assert len({body for _, _, body in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    (row,) = await post.rows()
    assert (row["status"], row["attempts"]) == ("delivered", 1)


async def test_tenants_apart(post: Post) -> None:
    """FS-145: a webhook that never answers holds up those of its own tenant alone."""

    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with receiving(silence) as dead, receiving(status("200 OK")) as receiver:
        await post.webhooks.add("dead", dead.url)
        await post.webhooks.add("shop", receiver.url)
        for _ in range(OF_ONE_TENANT + 40):
            await post.tell("dead")
        await post.tell()
        run = asyncio.create_task(post.courier.run())
        await _until(lambda: len(receiver.requests) == 1)
        assert len(dead.requests) == OF_ONE_TENANT
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def test_refused(post: Post) -> None:
    """FS-140: nothing is sent to addresses of the server's own network."""
    await post.webhooks.add("shop", "http://169.254.169.254/latest")
    await post.tell()
    await post.deliver()
    (row,) = await post.rows()
    assert (row["status"], row["attempts"], row["body"]) == ("refused", 1, None)


async def test_secret_of_before(post: Post) -> None:
    """FS-143: under another secret of the server nothing can be signed; it is tried again, for it can be mended."""
    made, _ = await post.webhooks.add("shop", "https://example.com/")
    sealed = Sealer(b"another secret, of before").seal("x", made)
    await post.database.run(lambda c: c.execute(update(app_webhooks).values(secret=sealed)))
    await post.tell()
    await post.deliver()
    (row,) = await post.rows()
    assert row["status"] == "pending"
    assert "cannot be read" in row["detail"]


async def test_removed(post: Post) -> None:
    """FS-140: a webhook that is removed is told nothing more, also not of what has happened."""
    made, _ = await post.webhooks.add("shop", "https://example.com/")
    await post.tell()
    assert [one.id for one in await post.webhooks.of("shop")] == [made]
    assert not await post.webhooks.remove("other", made)
    assert not await post.webhooks.remove("shop", "\0")
    assert await post.webhooks.remove("shop", made)
    assert not await post.rows()
    await post.tell()
    assert not await post.rows()


async def test_swept(post: Post) -> None:
    """FS-145: what became of an event is kept for 30 days; what is still to be told stays."""
    await post.webhooks.add("shop", "https://example.com/")
    await post.tell()
    long_ago = to_stored(datetime.now(UTC) - 31 * DAY)
    await post.database.run(lambda c: c.execute(update(app_events).values(changed_at=long_ago)))
    await post.courier.sweep(datetime.now(UTC))
    assert len(await post.rows()) == 1
    await post.database.run(lambda c: c.execute(update(app_events).values(due_at=None)))
    await post.courier.sweep(datetime.now(UTC))
    assert not await post.rows()


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():
            await asyncio.sleep(0.02)

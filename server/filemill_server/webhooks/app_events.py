"""Events of apps: written with the change that they tell of, and sent until their webhooks take them (FS-140…FS-146).

Each event that a webhook is to be told of is a row, which says when the next attempt is due. Any process of the
server may make it: it takes the row by moving that moment on. Where it is killed meanwhile, the attempt is made again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter as Counts
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from prometheus_client import Counter
from sqlalchemy import Connection, delete, exists, insert, select, update

from filemill.errors import FilemillError
from filemill_server.database import Database
from filemill_server.fetch.network import NETWORK_FAILURES
from filemill_server.tables import app_events, app_webhooks, to_stored
from filemill_server.webhooks.delivery import DeliveryPolicy, Outcome, post, target
from filemill_server.webhooks.sealing import Sealer

RETRY_SECONDS = (300, 1800, 43_200)
"""Seconds between two attempts: 5 min, 30 min, 12 h (FS-145)."""
LEASE = timedelta(minutes=1)
"""When an attempt that tells nothing counts as lost; it may take a third of this."""
KEEP = timedelta(days=30)
"""How long it is kept what became of an event."""
LOOK_SECONDS = 1.0
AT_ONCE, OF_ONE_TENANT = 32, 8
"""Attempts at a time: a webhook that never answers holds up those of nobody else."""
_TAKEN = (200, 201, 204)
_IDS = 1 << 53  # integers that every client has exactly

Sign = Callable[[str, int, bytes], Mapping[str, str]]

log = structlog.get_logger("filemill.webhooks")


def enter_event(connection: Connection, tenant: str, action: str, text: Mapping[str, object]) -> None:
    """Write down an event for every webhook of a tenant, in the transaction of what it tells of.

    Args:
        connection: of the transaction.
        tenant: whose files it is about.
        action: what happened, such as `fp.upload`.
        text: what is told of it.
    """
    query = select(app_webhooks.c.id).where(app_webhooks.c.tenant == tenant)
    webhooks = connection.execute(query).scalars().all()
    if not webhooks:
        return
    now = datetime.now(UTC)
    event = secrets.randbelow(_IDS - 1) + 1
    said = {"id": event, "action": action, "timestamp": int(now.timestamp()), "text": text}
    row = {
        "id": event,
        "tenant": tenant,
        "body": msgspec.json.encode(said),
        "status": "pending",
        "detail": "",
        "attempts": 0,
        "changed_at": to_stored(now),
        "due_at": to_stored(now),
    }
    connection.execute(insert(app_events), [row | {"webhook": webhook} for webhook in webhooks])


class _Due(Struct, frozen=True, kw_only=True):
    """An event that a webhook is to be told of now."""

    id: int
    webhook: str
    tenant: str
    body: bytes
    attempts: int
    due_at: int
    url: str
    secret: str


class Courier:
    """Makes the attempts of one process.

    Args:
        database: the database.
        sealer: reads the secrets.
        policy: where anything may be sent.
        attempts: counts attempts by their outcome.
        sign: makes the headers that let a webhook check what it gets, of its secret, the moment and the body.
    """

    def __init__(
        self, database: Database, sealer: Sealer, *, policy: DeliveryPolicy, attempts: Counter, sign: Sign
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._policy = policy
        self._attempts = attempts
        self._sign = sign
        self._going: dict[asyncio.Task[None], str] = {}

    async def run(self) -> None:
        """Make attempts as they fall due, until cancelled."""
        try:
            while True:
                try:
                    await self.look(datetime.now(UTC))
                except Exception as error:
                    log.warning("events_wait", exc_info=error)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._going:
                task.cancel()
            await self.settle()

    async def look(self, now: datetime) -> None:
        """Begin the attempts that are due at a moment, as many as there is room for."""
        query = select(exists().where(app_events.c.due_at <= to_stored(now)))
        if len(self._going) >= AT_ONCE or not await self._database.read(lambda c: c.execute(query).scalar_one()):
            return
        for due in await self._database.run(lambda connection: self._take(connection, now)):
            task = asyncio.create_task(self._attempt(due))
            self._going[task] = due.tenant
            task.add_done_callback(self._ended)

    async def settle(self) -> None:
        """Wait for the attempts that were begun."""
        if self._going:
            await asyncio.wait(self._going)

    async def sweep(self, now: datetime) -> None:
        """Remove what became of events 30 days before a moment."""
        old = app_events.c.changed_at <= to_stored(now - KEEP)
        await self._database.run(lambda c: c.execute(delete(app_events).where(old, app_events.c.due_at.is_(None))))

    def _take(self, connection: Connection, now: datetime) -> Sequence[_Due]:
        going = Counts(self._going.values())
        busy = [tenant for tenant, count in going.items() if count >= OF_ONE_TENANT]
        query = (
            select(app_events, app_webhooks.c.url, app_webhooks.c.secret)
            .join(app_webhooks, app_webhooks.c.id == app_events.c.webhook)
            .where(app_events.c.due_at <= to_stored(now), app_events.c.tenant.not_in(busy))
            .order_by(app_events.c.due_at)
            .limit(AT_ONCE - len(self._going))
        )
        taken: list[_Due] = []
        for row in connection.execute(query).mappings().all():
            due = _Due(**{name: row[name] for name in _Due.__struct_fields__})
            if going[due.tenant] >= OF_ONE_TENANT:
                continue
            same = _is(due, app_events.c.due_at == due.due_at)
            if connection.execute(update(app_events).where(*same).values(due_at=to_stored(now + LEASE))).rowcount:
                going[due.tenant] += 1
                taken.append(due)
        return taken

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._going[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("event_not_noted", exc_info=error)  # it is due again when the lease is over

    async def _attempt(self, due: _Due) -> None:
        number = due.attempts + 1
        outcome, detail = await self._sent(due)
        wait = RETRY_SECONDS[number - 1] if outcome is Outcome.RETRY and number <= len(RETRY_SECONDS) else None
        if outcome is Outcome.RETRY and wait is None:
            outcome = Outcome.EXHAUSTED
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "status": "pending" if wait is not None else str(outcome),
            "detail": detail,
            "attempts": number,
            "changed_at": to_stored(now),
            "due_at": None if wait is None else to_stored(now + timedelta(seconds=wait)),
        }
        if wait is None:
            values["body"] = None
        change = update(app_events).where(*_is(due, app_events.c.attempts == due.attempts)).values(values)
        await self._database.run(lambda connection: connection.execute(change))
        self._attempts.labels(str(outcome)).inc()
        log.info("event_attempt", event=due.id, webhook=due.webhook, number=number, outcome=str(outcome), detail=detail)

    async def _sent(self, due: _Due) -> tuple[Outcome, str]:
        try:
            headers = self._sign(self._sealer.open(due.secret, due.webhook), int(time.time()), due.body)
            response = await post(target(due.url, self._policy), due.body, headers, self._policy)
        except ValueError as error:  # whoever runs the server can mend this, and so it is tried again
            return Outcome.RETRY, str(error)
        except FilemillError as error:
            return Outcome.REFUSED, error.detail
        except NETWORK_FAILURES:
            return Outcome.RETRY, "The webhook could not be reached, or did not answer in time."
        if response.status in _TAKEN:
            return Outcome.DELIVERED, "The webhook took the event."
        return Outcome.RETRY, f"The webhook answered with status {response.status}."


def _is(due: _Due, *more: Any) -> Sequence[Any]:
    return (app_events.c.id == due.id, app_events.c.webhook == due.webhook, *more)

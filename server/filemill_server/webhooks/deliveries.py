"""What has become of the message about each job: a row that outlives the job's own, as long as attempts follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from filemill_server.database import Database
from filemill_server.jobs.texts import JobTexts
from filemill_server.tables import from_stored, jobs, to_stored, webhook_deliveries
from filemill_server.webhooks.views import DeliveryStatus, WebhookBody

KEEP = timedelta(days=30)
"""How long it is kept after the last attempt."""
_INSERT = insert(webhook_deliveries)
_SHOWN = select(
    jobs.c.webhook,
    *(webhook_deliveries.c[name] for name in ("url", "status", "attempts", "detail", "last_attempt_at")),
    webhook_deliveries.c.next_attempt_at,
).select_from(jobs.outerjoin(webhook_deliveries, jobs.c.id == webhook_deliveries.c.job_id))


class Delivery(Struct, frozen=True, kw_only=True):
    """A message on its way. `body` is there while attempts follow; `wait_seconds` is to the next one."""

    job_id: str
    tenant: str
    url: str
    body: bytes | None
    attempts: int
    wait_seconds: float | None


class Deliveries:
    """The deliveries in the database.

    Args:
        database: the database.
        texts: encrypts URLs and bodies, as those of jobs are.
    """

    def __init__(self, database: Database, texts: JobTexts) -> None:
        self._database = database
        self._texts = texts

    async def get(self, job_id: str) -> Delivery | None:
        """Return the delivery of a job's message, or None where none was begun."""
        query = select(webhook_deliveries).where(webhook_deliveries.c.job_id == job_id)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else self._read(row)

    async def begin(self, job_id: str, tenant: str, url: str, body: bytes) -> Delivery:
        """Keep a message until it is delivered; the first body that is kept stays."""
        row = {
            "job_id": job_id,
            "tenant": tenant,
            "url": self._texts.close(url, job_id),
            "body": self._texts.close(body.decode(), job_id).encode(),
            "status": DeliveryStatus.PENDING,
            "detail": "",
            "attempts": 0,
            "last_attempt_at": to_stored(datetime.now(UTC)),
            "next_attempt_at": None,
        }
        query = select(webhook_deliveries).where(webhook_deliveries.c.job_id == job_id)

        def enter(connection: Connection) -> Delivery:
            try:
                with connection.begin_nested():
                    connection.execute(_INSERT, row)
            except IntegrityError:  # another process had the same thought
                pass
            return self._read(connection.execute(query).mappings().one())

        return await self._database.run(enter)

    async def record(
        self, job_id: str, number: int, status: DeliveryStatus, detail: str, wait_seconds: float | None
    ) -> None:
        """Note what came of an attempt. Where none follows, the body goes."""
        now = datetime.now(UTC)
        following = None if wait_seconds is None else to_stored(now + timedelta(seconds=wait_seconds))
        values: dict[str, object] = {
            "status": status,
            "detail": detail,
            "attempts": number,
            "last_attempt_at": to_stored(now),
            "next_attempt_at": following,
        }
        if wait_seconds is None:
            values["body"] = None
        change = update(webhook_deliveries).where(webhook_deliveries.c.job_id == job_id).values(values)
        await self._database.run(lambda connection: connection.execute(change))

    async def of_job(self, job_id: str) -> WebhookBody | None:
        """Return what is shown of the webhook of a job; None for a job without one."""
        query = _SHOWN.where(jobs.c.id == job_id)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        if row is None or row["webhook"] is None:
            return None
        begun = bool(row["attempts"])
        return WebhookBody(
            url=self._texts.open(row["webhook"], job_id) or "",
            status=DeliveryStatus(row["status"] or DeliveryStatus.PENDING),
            attempts=row["attempts"] or 0,
            detail=row["detail"] or None,
            last_attempt_at=from_stored(row["last_attempt_at"]) if begun else None,
            next_attempt_at=None if row["next_attempt_at"] is None else from_stored(row["next_attempt_at"]),
        )

    async def sweep(self, now: datetime) -> int:
        """Remove what was last tried 30 days before a moment, and return how many rows these were."""
        change = delete(webhook_deliveries).where(webhook_deliveries.c.last_attempt_at <= to_stored(now - KEEP))
        return await self._database.run(lambda connection: connection.execute(change).rowcount)

    def _read(self, row: Mapping[Any, Any]) -> Delivery:
        job, following, body = row["job_id"], row["next_attempt_at"], row["body"]
        # What can't be read any more has no body, so that no attempt follows.
        opened = None if body is None else self._texts.open(body.decode(), job)
        return Delivery(
            job_id=job,
            tenant=row["tenant"],
            url=self._texts.open(row["url"], job) or "",
            body=None if opened is None else opened.encode(),
            attempts=row["attempts"],
            wait_seconds=None if following is None else max(0.0, (following - to_stored(datetime.now(UTC))) / 1e6),
        )

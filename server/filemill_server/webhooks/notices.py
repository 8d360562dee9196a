"""Messages about the ends of jobs: written once, sent until somebody takes them or the schedule is over (NA-52)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from weakref import WeakValueDictionary

import structlog
from prometheus_client import Counter

from filemill.errors import FilemillError
from filemill_server.database import Database
from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.store import JobStore
from filemill_server.webhooks.deliveries import Deliveries, Delivery
from filemill_server.webhooks.delivery import (
    Attempt,
    DeliveryPolicy,
    Endpoint,
    Message,
    Outcome,
    deliver,
    failed,
)
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.payload import fitted
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from filemill_server.webhooks.views import DeliveryStatus, WebhookBody

AT_ONCE = 16
"""Attempts of one tenant at a time: an endpoint that never answers holds up nobody else."""
_STATUSES = {
    Outcome.DELIVERED: DeliveryStatus.DELIVERED,
    Outcome.RETRY: DeliveryStatus.PENDING,
    Outcome.EXHAUSTED: DeliveryStatus.EXHAUSTED,
    Outcome.DISABLED: DeliveryStatus.DISABLED,
    Outcome.REFUSED: DeliveryStatus.REFUSED,
}

log = structlog.get_logger("filemill.webhooks")


class Notices:
    """Tells the webhooks of jobs how these ended.

    Args:
        database: the database.
        store: the jobs.
        secrets: what signs the messages.
        endpoints: where nothing is sent.
        policy: where anything may be sent.
        attempts: counts attempts by their outcome.
        shown: makes of a job's row what callers are shown of it.
        job_url: makes of a job's id where it can be read.
    """

    def __init__(
        self,
        database: Database,
        store: JobStore,
        *,
        secrets: TenantSecrets,
        endpoints: DisabledEndpoints,
        policy: DeliveryPolicy,
        attempts: Counter,
        shown: Callable[[JobRow], object],
        job_url: Callable[[str], str],
    ) -> None:
        self._deliveries = Deliveries(database, store.texts)
        self._store = store
        self._secrets = secrets
        self._endpoints = endpoints
        self._policy = policy
        self._attempts = attempts
        self._shown = shown
        self._job_url = job_url
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def attempt(self, job_id: str, number: int) -> float | None:
        """Make one attempt to tell of a job's end. An attempt that was made before is not made again.

        Args:
            job_id: of a job that has ended.
            number: of the attempt, from 1.

        Returns:
            Seconds until the next attempt is due; None where none follows.

        Raises:
            ValueError: the job has not ended, or the number is outside the schedule.
            SQLAlchemyError: the database is out of reach; the attempt can be made later.
        """
        delivery = await self._deliveries.get(job_id) or await self._begin(job_id)
        if delivery is None or delivery.body is None:
            return None
        if delivery.attempts >= number:
            return delivery.wait_seconds
        turn = self._turns.setdefault(delivery.tenant, asyncio.Semaphore(AT_ONCE))
        async with turn:
            made = await self._send(delivery, delivery.body, number)
        if made.outcome is Outcome.DISABLED:
            await self._endpoints.disable(delivery.tenant, delivery.url, made.detail)
        await self._deliveries.record(job_id, number, _STATUSES[made.outcome], made.detail, made.wait_seconds)
        self._attempts.labels(str(made.outcome)).inc()
        log.info("webhook_attempt", job_id=job_id, number=number, outcome=str(made.outcome), status=made.status)
        return made.wait_seconds

    async def delivery_of(self, job_id: str) -> WebhookBody | None:
        """Return what is shown of the webhook of a job; None for a job without one."""
        return await self._deliveries.of_job(job_id)

    async def sweep(self, now: datetime) -> int:
        """Remove deliveries that were last tried 30 days before a moment, and return how many these were."""
        return await self._deliveries.sweep(now)

    async def _begin(self, job_id: str) -> Delivery | None:
        """Write the message, which is the same in every attempt, also when the job's own row is gone."""
        rows = await self._store.get_many([job_id])  # also one that has expired and is not swept yet
        row = rows[0] if rows else None
        if row is None or row.webhook is None:
            log.warning("webhook_without_job", job_id=job_id)
            return None
        if not row.state.final:
            raise ValueError(f"job {job_id} has not ended: there is nothing to tell of it yet")
        body = fitted(self._shown(row), self._job_url(job_id))
        return await self._deliveries.begin(job_id, row.tenant, row.webhook, body)

    async def _send(self, delivery: Delivery, body: bytes, number: int) -> Attempt:
        try:
            disabled = await self._endpoints.find(delivery.tenant, delivery.url)
        except FilemillError as error:
            return Attempt(Outcome.REFUSED, error.detail)
        if disabled is not None:
            return Attempt(Outcome.DISABLED, "The endpoint answered 410 to an earlier message.")
        try:
            secret = await self._secrets.get(delivery.tenant)
        except ValueError as error:
            # Whoever runs the server can mend this, and so it is tried again.
            log.exception("webhook_secret_unreadable", job_id=delivery.job_id)
            return failed(number, str(error))
        endpoint = Endpoint(delivery.url, secret.signing)
        return await deliver(Message(f"msg_{delivery.job_id}", body), endpoint, number=number, policy=self._policy)

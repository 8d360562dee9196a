"""Removes what is past its time, and bytes that nothing points to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, exists, or_, select, union_all

from filemill_server.database import Database
from filemill_server.files import store_root
from filemill_server.idempotency import Idempotency
from filemill_server.jobs.dispatcher import Dispatcher
from filemill_server.resumable.rows import PartialRows
from filemill_server.storage import Storage
from filemill_server.tables import files, jobs, to_stored, upload_pieces, webhook_deliveries
from filemill_server.webhooks.app_events import Courier
from filemill_server.webhooks.notices import Notices
from filemill_server.workplace import Workplace

EVERY_SECONDS = 30.0
"""Between sweeps; an expired asset is gone from the store within a minute (NA-42)."""
STRAY_AGE = timedelta(hours=1)
"""Bytes without a row are left alone so long: their row may be on its way."""
STRAY_EVERY = timedelta(hours=1)
"""Between looks through the whole store, which an object store charges for."""
UNTOLD = timedelta(days=30)
"""An ended job waits so long beyond its time for its message to be written."""
_BATCH = 500

log = structlog.get_logger("filemill.sweeper")


class Sweeper:
    """Sweeps one database and its store. Several processes may sweep at once."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        idempotency: Idempotency,
        workplace: Workplace,
        notices: Notices | None = None,
        dispatcher: Dispatcher | None = None,
        courier: Courier | None = None,
    ) -> None:
        self._database = database
        self._storage = storage
        self._idempotency = idempotency
        self._workplace = workplace
        self._notices = notices
        self._dispatcher = dispatcher
        self._courier = courier
        self._partial = PartialRows(database)
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Sweep again and again, until cancelled. A sweep that fails is reported and repeated."""
        while True:
            try:
                await self.sweep_once(datetime.now(UTC))
            except Exception as error:
                log.warning("sweep_failed", exc_info=error)
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep_once(self, now: datetime) -> None:
        """Remove what is past its time at a moment, what dead processes left, and, once an hour, stray bytes."""
        dead = await asyncio.to_thread(self._workplace.clear_dead)
        await self._idempotency.free(dead)
        await self._partial.free(dead)
        await self._idempotency.sweep(now)
        if self._dispatcher is not None:
            self._dispatcher.bury(dead)
            await self._dispatcher.sweep(now)
        if self._notices is not None:
            await self._notices.sweep(now)
        if self._courier is not None:
            await self._courier.sweep(now)
        await self._sweep_jobs(now)
        ended = await self._sweep_expired(now) + await self._sweep_partial(now)
        strays = 0
        if self._looked_at is None or now - self._looked_at >= STRAY_EVERY:
            self._looked_at = now
            strays = await self._sweep_strays(now - STRAY_AGE)
        if ended or strays:
            log.info("swept", expired=ended, strays=strays)

    async def _sweep_jobs(self, now: datetime) -> None:
        """Remove jobs that ended long ago; the parts of a batch stay as long as the batch.

        After a long stop a job may be past its time while its webhook still has to be told of the end.
        """
        begun = exists().where(webhook_deliveries.c.job_id == jobs.c.id)
        told = or_(jobs.c.webhook.is_(None), begun, jobs.c.expires_at <= to_stored(now - UNTOLD))
        query = select(jobs.c.id).where(jobs.c.expires_at <= to_stored(now), told).limit(_BATCH)

        def remove(connection: Connection) -> int:
            ids = connection.execute(query).scalars().all()
            if ids:
                connection.execute(delete(jobs).where(or_(jobs.c.id.in_(ids), jobs.c.parent.in_(ids))))
            return len(ids)

        while await self._database.run(remove):
            pass

    async def _sweep_expired(self, now: datetime) -> int:
        """End expired files: rows first, then their bytes; a crash in between leaves strays."""
        query = select(files.c.id).where(files.c.expires_at <= to_stored(now)).limit(_BATCH)

        def end(connection: Connection) -> Sequence[str]:
            ids = connection.execute(query).scalars().all()
            removal = delete(files).where(files.c.id.in_(ids)).returning(files.c.storage_name)
            return connection.execute(removal).scalars().all() if ids else []

        ended = 0
        while names := await self._database.run(end):
            await self._storage.delete(names)
            ended += len(names)
        return ended

    async def _sweep_partial(self, now: datetime) -> int:
        """End partial uploads whose time is over: rows first, then the bytes of their pieces."""
        ended = 0
        while removed := await self._partial.remove_expired(now):
            ended += len(removed.ids)
            await self._storage.delete(removed.names)
        return ended

    async def _sweep_strays(self, before: datetime) -> int:
        """Delete bytes that were put there before a moment and have no row, in this database's own folder."""
        swept = 0
        async for page in self._storage.names(await store_root(self._database)):
            old = [entry.name for entry in page if entry.modified < before]
            strays = await self._without_row(old)
            await self._storage.delete(strays)
            swept += len(strays)
        return swept

    async def _without_row(self, names: Sequence[str]) -> Sequence[str]:
        query = union_all(
            *(
                select(column).where(column.in_(names))
                for column in (files.c.storage_name, upload_pieces.c.storage_name)
            )
        )
        known = await self._database.read(lambda connection: set(connection.execute(query).scalars()))
        return [name for name in names if name not in known]

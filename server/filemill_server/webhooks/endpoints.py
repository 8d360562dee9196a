"""Endpoints that answered 410: nothing is sent to them until their owner enables them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from filemill_server.cursors import make_cursor, read_cursor
from filemill_server.database import Database
from filemill_server.fetch.urls import parse
from filemill_server.tables import from_stored, to_stored, webhook_endpoints_disabled

_INSERT = insert(webhook_endpoints_disabled)


class DisabledEndpoint(Struct, frozen=True):
    """An endpoint that gets nothing any more: its id, its URL, since when and why."""

    id: str
    url: str
    since: datetime
    reason: str


class DisabledEndpoints:
    """The disabled endpoints of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def disable(self, tenant: str, url: str, reason: str) -> None:
        """Send nothing more of this tenant's to a URL; a second time changes nothing."""
        row = {
            "id": _id(tenant, url),
            "tenant": tenant,
            "url": url,
            "reason": reason,
            "since": to_stored(datetime.now(UTC)),
        }
        with suppress(IntegrityError):
            await self._database.run(lambda connection: connection.execute(_INSERT, row))

    async def find(self, tenant: str, url: str) -> DisabledEndpoint | None:
        """Return a tenant's endpoint where it is disabled.

        Raises:
            FilemillError: `INVALID_PARAMETER`, for what is no URL.
        """
        query = select(webhook_endpoints_disabled).where(webhook_endpoints_disabled.c.id == _id(tenant, url))
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else _read(row)

    async def list(self, tenant: str, cursor: str | None, limit: int) -> tuple[Sequence[DisabledEndpoint], str | None]:
        """Return a page of a tenant's disabled endpoints, the newest first, and the next page's cursor.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        table = webhook_endpoints_disabled
        query = select(table).where(table.c.tenant == tenant)
        if cursor is not None:
            since, last = read_cursor(cursor)
            query = query.where(or_(table.c.since < since, and_(table.c.since == since, table.c.id < last)))
        query = query.order_by(table.c.since.desc(), table.c.id.desc()).limit(limit + 1)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = rows[:limit]
        following = make_cursor(page[-1]["since"], page[-1]["id"]) if len(rows) > limit else None
        return [_read(row) for row in page], following

    async def enable(self, tenant: str, id: str) -> bool:
        """Send to an endpoint again; False where the tenant has no disabled one with this id."""
        table = webhook_endpoints_disabled
        if not id.isalnum():  # PostgreSQL does not take every text
            return False
        change = delete(table).where(table.c.id == id, table.c.tenant == tenant)
        return await self._database.run(lambda connection: connection.execute(change).rowcount > 0)


def _id(tenant: str, url: str) -> str:
    # As it is connected to, not as it is spelt: a host in capitals is no other endpoint.
    place = str(parse(url).copy_with(fragment=None))
    return hashlib.sha256(msgspec.json.encode([tenant, place])).hexdigest()


def _read(row: Mapping[Any, Any]) -> DisabledEndpoint:
    return DisabledEndpoint(row["id"], row["url"], from_stored(row["since"]), row["reason"])

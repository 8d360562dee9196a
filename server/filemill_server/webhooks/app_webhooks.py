"""Where the events of a tenant's apps are told, and what signs them: set by who runs the server (FS-140, FS-143)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from filemill_server.database import Database
from filemill_server.key_forms import ALPHABET
from filemill_server.tables import app_events, app_webhooks, from_stored, to_stored
from filemill_server.webhooks.sealing import Sealer

_SECRET = 32


class AppWebhook(Struct, frozen=True):
    """One URL that is told of what happens to a tenant's files."""

    id: str
    url: str
    created_at: datetime


class AppWebhooks:
    """The webhooks of all tenants' apps.

    Args:
        database: the database.
        sealer: encrypts the secrets.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, tenant: str, url: str) -> tuple[str, str]:
        """Tell a URL of all that happens from now on.

        Returns:
            Its id, and the secret that signs what it is sent, which can't be had again.
        """
        made = secrets.token_hex(8)
        secret = "".join(secrets.choice(ALPHABET) for _ in range(_SECRET))
        row = {
            "id": made,
            "tenant": tenant,
            "url": url,
            "secret": self._sealer.seal(secret, made),
            "created_at": to_stored(datetime.now(UTC)),
        }
        await self._database.run(lambda connection: connection.execute(insert(app_webhooks), row))
        return made, secret

    async def of(self, tenant: str) -> Sequence[AppWebhook]:
        """Return a tenant's webhooks, the oldest first."""
        query = select(app_webhooks).where(app_webhooks.c.tenant == tenant)
        query = query.order_by(app_webhooks.c.created_at, app_webhooks.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [AppWebhook(row["id"], row["url"], from_stored(row["created_at"])) for row in rows]

    async def remove(self, tenant: str, id: str) -> bool:
        """Tell a URL nothing more, also not of what has happened; False where the tenant has no such webhook."""
        if not id.isalnum():  # PostgreSQL does not take every text
            return False

        def end(connection: Connection) -> bool:
            webhook = delete(app_webhooks).where(app_webhooks.c.id == id, app_webhooks.c.tenant == tenant)
            if not connection.execute(webhook).rowcount:
                return False
            connection.execute(delete(app_events).where(app_events.c.webhook == id))
            return True

        return await self._database.run(end)

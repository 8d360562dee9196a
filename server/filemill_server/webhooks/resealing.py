"""After a change of the server's secret: what was encrypted under the one before is encrypted under the new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import structlog
from sqlalchemy import Column, Connection, Table, select, update

from filemill_server.database import Database
from filemill_server.tables import app_webhooks, keys, webhook_secrets
from filemill_server.webhooks.sealing import Purpose, Sealer

log = structlog.get_logger("filemill.secrets")


class _Kept(NamedTuple):
    """Where sealed texts are kept: the row's key, which is also whose they are, and what they were sealed for."""

    table: Table
    owner: Column[str]
    column: Column[str]
    purpose: Purpose


_ALL = (
    _Kept(keys, keys.c.id, keys.c.app_secret, Purpose.APP),
    _Kept(webhook_secrets, webhook_secrets.c.tenant, webhook_secrets.c.secret, Purpose.WEBHOOK),
    _Kept(webhook_secrets, webhook_secrets.c.tenant, webhook_secrets.c.previous, Purpose.WEBHOOK),
    _Kept(app_webhooks, app_webhooks.c.id, app_webhooks.c.secret, Purpose.WEBHOOK),
)


async def reseal(database: Database, sealers: Mapping[Purpose, Sealer]) -> None:
    """Encrypt anew all that the database keeps for long, so that the secret before can be forgotten."""

    def change(connection: Connection) -> int:
        return sum(_change(connection, kept, sealers[kept.purpose]) for kept in _ALL)

    if count := await database.run(change):
        log.info("secrets_encrypted_anew", count=count)


def _change(connection: Connection, kept: _Kept, sealer: Sealer) -> int:
    count = 0
    for owner, sealed in connection.execute(select(kept.owner, kept.column).where(kept.column.is_not(None))).all():
        if (fresh := sealer.renewed(sealed, owner)) is not None:
            # Where another process has changed it meanwhile, that stays.
            same = (kept.owner == owner, kept.column == sealed)
            count += connection.execute(update(kept.table).where(*same).values({kept.column: fresh})).rowcount
    return count

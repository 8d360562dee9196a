"""The secret that signs the webhooks of a tenant: made at first use, kept encrypted, changed with an overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from filemill_server.database import Database
from filemill_server.tables import from_stored, to_stored, webhook_secrets
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.signatures import make_secret

OVERLAP = timedelta(hours=24)
"""How long the secret before signs beside the new one."""
_INSERT = insert(webhook_secrets)


class TenantSecret(Struct, frozen=True):
    """What signs the webhooks of a tenant.

    Fields:
        secret: `whsec_` and base64.
        previous: the one before, while it signs too.
        previous_until: until when it does.
        created_at: when `secret` was made.
    """

    secret: str
    previous: str | None
    previous_until: datetime | None
    created_at: datetime

    @property
    def signing(self) -> tuple[str, ...]:
        """All that sign now."""
        return (self.secret,) if self.previous is None else (self.secret, self.previous)

    def __repr__(self) -> str:
        # The secrets would end in logs and in tracebacks.
        return f"TenantSecret(created_at={self.created_at!r})"


class TenantSecrets:
    """The secrets in the database.

    Args:
        database: the database.
        sealer: encrypts them.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def get(self, tenant: str) -> TenantSecret:
        """Return a tenant's secret; the first time it is made.

        Raises:
            ValueError: it cannot be read, because the server's own secret has changed. `rotate` makes a new one.
        """
        query = select(webhook_secrets).where(webhook_secrets.c.tenant == tenant)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        if row is None:
            fresh = self._fresh(tenant, None)
            row = await self._database.run(lambda connection: _enter(connection, fresh))
        return self._open(row)

    async def rotate(self, tenant: str) -> TenantSecret:
        """Make a new secret; the one before signs beside it for 24 hours, and one before that no more."""

        def change(connection: Connection) -> RowMapping:
            row = _standing(connection, tenant)
            if row is None:
                return _enter(connection, self._fresh(tenant, None))
            fresh = self._fresh(tenant, row["secret"] if self._can_open(row) else None)
            statement = update(webhook_secrets).where(webhook_secrets.c.tenant == tenant).values(fresh)
            return connection.execute(statement.returning(webhook_secrets)).mappings().one()

        return self._open(await self._database.run(change))

    def _fresh(self, tenant: str, previous: str | None) -> dict[str, object]:
        now = datetime.now(UTC)
        return {
            "tenant": tenant,
            "secret": self._sealer.seal(make_secret(), tenant),
            "previous": previous,
            "previous_until": None if previous is None else to_stored(now + OVERLAP),
            "created_at": to_stored(now),
        }

    def _can_open(self, row: RowMapping) -> bool:
        try:
            self._sealer.open(row["secret"], row["tenant"])
        except ValueError:
            return False
        return True

    def _open(self, row: RowMapping) -> TenantSecret:
        until = row["previous_until"]
        overlaps = until is not None and until > to_stored(datetime.now(UTC))
        return TenantSecret(
            secret=self._sealer.open(row["secret"], row["tenant"]),
            previous=self._sealer.open(row["previous"], row["tenant"]) if overlaps else None,
            previous_until=from_stored(until) if overlaps else None,
            created_at=from_stored(row["created_at"]),
        )


def _standing(connection: Connection, tenant: str) -> RowMapping | None:
    query = select(webhook_secrets).where(webhook_secrets.c.tenant == tenant)
    return connection.execute(query.with_for_update()).mappings().one_or_none()


def _enter(connection: Connection, fresh: dict[str, object]) -> RowMapping:
    """Keep a first secret, or return the one that another process kept meanwhile."""
    try:
        with connection.begin_nested():
            return connection.execute(_INSERT.returning(webhook_secrets), fresh).mappings().one()
    except IntegrityError:
        row = _standing(connection, str(fresh["tenant"]))
        assert row is not None
        return row

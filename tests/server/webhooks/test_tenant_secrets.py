"""Secrets of tenants on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

from filemill_server.database import Database
from filemill_server.tables import to_stored, webhook_secrets
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.signatures import parse_secret
from filemill_server.webhooks.tenant_secrets import TenantSecrets

pytestmark = pytest.mark.anyio


async def test_made_at_first_use(secrets: TenantSecrets) -> None:
    """NC-08: each tenant has a secret of its own, which stays."""
    shop, other = await secrets.get("shop"), await secrets.get("other")
    assert len(parse_secret(shop.secret)) == 32
    assert shop.secret != other.secret
    assert (await secrets.get("shop")) == shop
    assert (shop.signing, shop.previous_until) == ((shop.secret,), None)


async def test_first_uses_at_once(secrets: TenantSecrets) -> None:
    """NC-08: of many first uses at once, all are given the same secret."""
    found = await asyncio.gather(*(secrets.get("shop") for _ in range(20)))
    assert len({secret.secret for secret in found}) == 1


async def test_rotation(secrets: TenantSecrets, database: Database) -> None:
    """NC-08: for 24 hours the secret before signs beside the new one, and not a second longer."""
    first = await secrets.get("shop")
    second = await secrets.rotate("shop")
    assert second.signing == (second.secret, first.secret)
    assert second.previous_until is not None
    left = second.previous_until - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert await secrets.get("shop") == second
    third = await secrets.rotate("shop")
    assert third.signing == (third.secret, second.secret)
    past = update(webhook_secrets).values(previous_until=to_stored(datetime.now(UTC)))
    await database.run(lambda connection: connection.execute(past))
    assert (await secrets.get("shop")).signing == (third.secret,)
    assert (await secrets.rotate("new")).previous is None


async def test_stored_encrypted(secrets: TenantSecrets, database: Database) -> None:
    """NC-08: the database alone gives no secret away, and a row that is moved to another tenant gives nothing."""
    shop = await secrets.get("shop")
    await secrets.get("thief")

    def stored(connection: Connection) -> str:
        return str(connection.execute(select(webhook_secrets)).all())

    assert shop.secret.removeprefix("whsec_")[:12] not in await database.read(stored)
    assert shop.secret not in repr(shop)
    table = webhook_secrets
    sealed = select(table.c.secret).where(table.c.tenant == "shop").scalar_subquery()
    move = update(table).where(table.c.tenant == "thief").values(secret=sealed)
    await database.run(lambda connection: connection.execute(move))
    with pytest.raises(ValueError, match="cannot be read"):
        await secrets.get("thief")


async def test_another_secret_of_the_server(secrets: TenantSecrets, database: Database) -> None:
    """NC-08: with another secret of the server it is told that the old ones can't be read; a new one can be made."""
    first = await secrets.get("shop")
    later = TenantSecrets(database, Sealer(b"another one of 16"))
    with pytest.raises(ValueError, match="encrypted under another secret of the server"):
        await later.get("shop")
    fresh = await later.rotate("shop")
    assert fresh.signing == (fresh.secret,)
    assert fresh.secret != first.secret
    assert await later.get("shop") == fresh

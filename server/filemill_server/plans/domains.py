"""Source domains that tenants allow: a domain covers its subdomains (IS-30, IS-33)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from sqlalchemy import Connection, delete, insert, select

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_server.database import Database
from filemill_server.plans.counts import Account, Counts
from filemill_server.plans.plan import Plan
from filemill_server.tables import domains, to_stored

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")


class Domains:
    """The domains of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, tenant: str) -> Sequence[str]:
        """Return a tenant's domains, in ASCII and small letters, in order of their names."""
        return await self._database.read(lambda connection: _of(connection, tenant))

    async def add(self, tenant: str, domain: str, plan: Plan) -> str:
        """Allow a domain and return it as it is kept; one that is there already stays.

        Args:
            tenant: whose sources may come from it.
            domain: in any script.
            plan: which says how many there may be.

        Raises:
            FilemillError: `INVALID_PARAMETER` where it is none, `FORBIDDEN` where the plan allows no more.
        """
        name = domain_name(domain)
        row = {"tenant": tenant, "domain": name, "created_at": to_stored(datetime.now(UTC))}

        def enter(connection: Connection) -> bool:
            # It locks the tenant's counts: of two that add at once, one waits.
            Counts(connection, Account(tenant, False), datetime.now(UTC)).add(month=0, day=0)
            present = _of(connection, tenant)
            if name not in present and len(present) >= plan.allowed_domains:
                return False
            if name not in present:
                connection.execute(insert(domains), row)
            return True

        if not await self._database.run(enter):
            raise FilemillError(
                ErrorCode.FORBIDDEN,
                f"The plan {plan.name!r} allows {plan.allowed_domains} source domains; so many are set.",
            )
        return name

    async def remove(self, tenant: str, domain: str) -> bool:
        """Allow a domain no more; False where it was not allowed.

        Raises:
            FilemillError: `INVALID_PARAMETER` where it is no domain.
        """
        query = delete(domains).where(domains.c.tenant == tenant, domains.c.domain == domain_name(domain))
        return await self._database.run(lambda connection: connection.execute(query).rowcount == 1)


def domain_name(text: str) -> str:
    """Return a domain in ASCII and small letters.

    Raises:
        FilemillError: `INVALID_PARAMETER` where it is an address, a URL, a single label or no name at all.
    """
    try:
        name = httpx.URL(scheme="http", host=text.strip().removesuffix(".")).raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError):
        name = ""
    if not _DOMAIN.fullmatch(name):
        raise invalid(
            "/domain", f"{text[:253]!r} is no domain; give a name such as example.com, without http:// or port."
        )
    return name


def _of(connection: Connection, tenant: str) -> Sequence[str]:
    query = select(domains.c.domain).where(domains.c.tenant == tenant).order_by(domains.c.domain)
    return connection.execute(query).scalars().all()

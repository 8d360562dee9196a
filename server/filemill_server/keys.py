"""Keys of the API: made here, shown once, kept as hashes (NA-01, NA-60)."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, insert, select, update

from filemill_server.database import Database
from filemill_server.key_forms import KeyFieldError, new_secret
from filemill_server.plans.declared import Plans, load_plans
from filemill_server.tables import from_stored, keys, to_stored
from filemill_server.webhooks.sealing import Sealer

CACHE_SECONDS = 1.0
"""How long an answer is believed; so long a key works after another process revoked it."""
CACHE_SIZE = 4096
_LONGEST = 256
_DIALECT = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")


class Key(Struct, frozen=True, kw_only=True):
    """A key, without its secret.

    Fields:
        id: of the key, for logs and for `filemill keys revoke`.
        hint: the beginning of the secret.
        name: given by who made it.
        tenant: whose assets and uploads it sees.
        plan: name of its plan.
        dialect: the dialect it is for; None: the native API.
        test: whether it is a test key, with counters of its own.
        admin: whether it may manage keys.
        created_at, expires_at, revoked_at: UTC, whole seconds.
        app_secret: what signs policies, sealed; `Keys.app_secret` opens it.
        signed: whether every call with it needs a signature, as a policy has it.
    """

    id: str
    hint: str
    name: str
    tenant: str
    plan: str
    dialect: str | None
    test: bool
    admin: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    app_secret: str | None = None
    signed: bool = False

    @property
    def works(self) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > datetime.now(UTC))


class Keys:
    """The keys in the database.

    Args:
        database: the database.
        plans: those that a key may have; default: the ones that every server has.
        sealer: encrypts the secrets that signatures are checked with; without it no key with such can be made.
    """

    def __init__(self, database: Database, plans: Plans | None = None, sealer: Sealer | None = None) -> None:
        self._database = database
        self._plans = plans if plans is not None else load_plans(None)
        self._sealer = sealer
        self._cache: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()
        self._tenants: OrderedDict[tuple[str, str], tuple[float, Sequence[Key]]] = OrderedDict()

    async def find(self, secret: str) -> Key | None:
        """Return the working key with this secret, or None.

        The secret is looked up by its hash, so the time this takes tells nothing of how much of it was right.
        A fast hash is enough: 256 random bits can't be tried out.
        """
        if len(secret) > _LONGEST:
            return None
        return await self._working(keys.c.hash, _hash(secret))

    async def get(self, id: str) -> Key | None:
        """Return the working key with this id, which is no secret, or None."""
        if len(id) > _LONGEST or not id.isalnum():  # PostgreSQL does not take every text
            return None
        return await self._working(keys.c.id, id)

    async def _working(self, column: Column[str], value: str) -> Key | None:
        # Before it is read: what is read later may be older than the moment at which it came.
        now = time.monotonic()
        place = f"{column.name}:{value}"
        known = self._cache.get(place)
        if known is None or known[0] < now:
            query = select(keys).where(column == value)
            row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
            known = (now + CACHE_SECONDS, None if row is None else _read(row))
            self._cache[place] = known
            self._cache.move_to_end(place)
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        key = known[1]
        return key if key is not None and key.works else None

    async def of_tenant(self, tenant: str, dialect: str) -> Sequence[Key]:
        """Return a tenant's working keys of a dialect, the oldest first."""
        now = time.monotonic()
        known = self._tenants.get((tenant, dialect))
        if known is None or known[0] < now:
            query = select(keys).where(keys.c.tenant == tenant, keys.c.dialect == dialect, keys.c.revoked_at.is_(None))
            query = query.order_by(keys.c.created_at, keys.c.id)
            rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
            known = (now + CACHE_SECONDS, [_read(row) for row in rows])
            self._tenants[tenant, dialect] = known
            self._tenants.move_to_end((tenant, dialect))
            if len(self._tenants) > CACHE_SIZE:
                self._tenants.popitem(last=False)
        return [key for key in known[1] if key.works]

    async def create(
        self,
        *,
        name: str,
        plan: str | None = None,
        dialect: str | None = None,
        prefix: str | None = None,
        expires_at: datetime | None = None,
        test: bool = False,
        tenant: str | None = None,
        admin: bool = False,
        signed: bool = False,
    ) -> tuple[Key, str]:
        """Make a key and return it with its secret, which can't be had again.

        Args:
            name: for people; keys of one name share what they own, unless `tenant` says otherwise.
            plan: name of a plan; default: the dialect's own, where there is one, else `enterprise`.
            dialect: the dialect it is for; None: the native API.
            prefix: how the secret begins, where its dialect leaves that open; default: `fm`.
            expires_at: an aware moment from which it no longer works.
            test: whether it is a test key.
            tenant: whose assets and uploads it sees; default: the name.
            admin: whether it may manage keys.
            signed: whether every call with it needs a signature; only where its dialect has such.

        Raises:
            KeyFieldError: the name, the tenant, the dialect, the plan, the prefix or a signature can't be.
        """
        for field, text in (("name", name), ("tenant", tenant or name)):
            if not 0 < len(text.strip()) <= 200 or "\0" in text:
                raise KeyFieldError(field, f"a key's {field} has 1 to 200 characters")
        if dialect is not None and (not _DIALECT.fullmatch(dialect) or len(dialect) > 64):
            raise KeyFieldError("dialect", "a dialect's name is of small letters and digits, such as filagram")
        try:
            plan = self._plans.chosen(plan, dialect)
        except ValueError as error:
            raise KeyFieldError("plan", str(error)) from None
        made, key_id = new_secret(dialect, prefix, test=test), secrets.token_hex(8)
        if signed and made.app_secret is None:
            raise KeyFieldError("signed", "only keys with an app secret sign their calls, such as those of filestack")
        row = {
            "id": key_id,
            "hash": _hash(made.text),
            "hint": made.hint,
            "name": name.strip(),
            "tenant": tenant or name.strip(),
            "plan": plan,
            "dialect": dialect,
            "test": test,
            "admin": admin,
            "signed": signed,
            "created_at": to_stored(datetime.now(UTC)),
            "expires_at": None if expires_at is None else to_stored(expires_at),
            "revoked_at": None,
            "app_secret": None if made.app_secret is None else self._sealed(made.app_secret, key_id),
        }
        await self._database.run(lambda connection: connection.execute(insert(keys), row))
        self._forget()
        return _read(row), made.text

    def _forget(self) -> None:
        self._cache.clear()
        self._tenants.clear()

    def app_secret(self, key: Key) -> str | None:
        """Return what signs the policies of a key; None where its dialect has no such thing.

        Raises:
            ValueError: it was encrypted under another secret of the server.
        """
        if key.app_secret is None or self._sealer is None:
            return None
        return self._sealer.open(key.app_secret, key.id)

    def _sealed(self, secret: str, id: str) -> str:
        if self._sealer is None:
            raise ValueError("a key with an app secret needs something to encrypt that with")
        return self._sealer.seal(secret, id)

    async def list(self) -> Sequence[Key]:
        """Return all keys, the oldest first, also those that no longer work."""
        query = select(keys).order_by(keys.c.created_at, keys.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_read(row) for row in rows]

    async def revoke(self, id: str) -> Key | None:
        """End a key and return it, or None where there is none. A second time changes nothing."""
        if not id.isalnum():  # PostgreSQL does not take every text
            return None
        now = to_stored(datetime.now(UTC))
        change = update(keys).where(keys.c.id == id, keys.c.revoked_at.is_(None)).values(revoked_at=now)
        query = select(keys).where(keys.c.id == id)

        def end(connection: Any) -> Mapping[Any, Any] | None:
            connection.execute(change)
            row: Mapping[Any, Any] | None = connection.execute(query).mappings().one_or_none()
            return row

        row = await self._database.run(end)
        self._forget()
        return None if row is None else _read(row)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _read(row: Mapping[Any, Any]) -> Key:
    values = {name: row[name] for name in Key.__struct_fields__}
    for name in ("created_at", "expires_at", "revoked_at"):
        if values[name] is not None:
            values[name] = from_stored(values[name])
    return Key(**values)

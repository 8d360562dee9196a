"""Answers that are kept under a caller's key, so that a repeated request is not worked on twice (NC-04)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_server.database import Database
from filemill_server.tables import idempotency, to_stored
from filemill_server.webhooks.sealing import Sealer

KEEP = timedelta(hours=24)
"""How long an answer is kept."""
HOLD = timedelta(minutes=15)
"""How long a request may hold its key without an answer; longer than any request takes."""
LEFT = timedelta(minutes=1)
"""From when on a key is taken for left over that this process holds and no request of it works under."""
_ENTER = insert(idempotency)
_SEALED = b"sealed:"


class Stored(Struct, frozen=True):
    """An answer: status, headers and body; `asset_id` where the body is that asset's bytes."""

    status: int
    headers: dict[str, str]
    body: bytes
    asset_id: str | None = None


class Idempotency:
    """The answers that are kept, and the keys that requests hold while they run.

    Args:
        database: the database.
        holder: a name for this process that no earlier or other one has.
        sealer: encrypts the bodies, which hold signed URLs; without it they are kept as they are.
    """

    def __init__(self, database: Database, holder: str, sealer: Sealer | None = None) -> None:
        self._database = database
        self._holder = holder
        self._sealer = sealer
        self._at_work: Counter[str] = Counter()

    async def begin(self, tenant: str, method: str, path: str, key: str, fingerprint: str) -> Stored | None:
        """Take hold of a key, or return the answer that stands under it.

        Returns:
            None: the key is held until `finish` or `release`; else the answer to give again.

        Raises:
            FilemillError: `CONFLICT` while another request holds the key, `INVALID_PARAMETER` where the key was
                used for a request with another fingerprint.
        """
        scope = _scope(tenant, method, path, key)
        now = datetime.now(UTC)
        row = {
            "scope": scope,
            "fingerprint": fingerprint,
            "holder": self._holder,
            "created_at": to_stored(now),
            "expires_at": to_stored(now + HOLD),
        }

        self._at_work[scope] += 1
        free = idempotency.c.expires_at <= to_stored(now)
        if self._at_work[scope] == 1:  # what this process held before was left when the database could not be told
            free |= and_(self._is_own, idempotency.c.created_at < to_stored(now))

        def enter(connection: Connection) -> Stored | None:
            connection.execute(delete(idempotency).where(_is(scope), free))
            try:
                with connection.begin_nested():
                    connection.execute(_ENTER, row)
            except IntegrityError:
                return self._standing(connection, scope, fingerprint)
            return None

        stored = None
        held = False
        try:
            stored = await self._database.run(enter)
            held = stored is None
        finally:
            if not held:
                self._leave(scope)
        return stored

    async def finish(
        self, tenant: str, method: str, path: str, key: str, stored: Stored, keep: timedelta = KEEP
    ) -> None:
        """Keep the answer of a held key for a time."""
        scope = _scope(tenant, method, path, key)
        values = {
            "status": stored.status,
            "headers": msgspec.json.encode(stored.headers).decode(),
            "body": self._closed(scope, stored.body),
            "asset_id": stored.asset_id,
            "expires_at": to_stored(datetime.now(UTC) + keep),
        }
        query = update(idempotency).where(_is(scope), self._is_own).values(values)
        await self._database.run(lambda connection: connection.execute(query))
        self._leave(scope)

    async def release(self, tenant: str, method: str, path: str, key: str) -> None:
        """Let go of a held key without an answer, so that the request can be tried again.

        Where the database does not answer, the next request with the key lets go of it, or a sweep.
        """
        scope = _scope(tenant, method, path, key)
        self._leave(scope)
        query = delete(idempotency).where(_is(scope), self._is_own)
        with suppress(FilemillError):
            await self._database.run(lambda connection: connection.execute(query))

    async def forget(self, tenant: str, method: str, path: str, key: str, stored: Stored) -> None:
        """Let go of an answer before its time: what it tells of has gone."""
        scope = _scope(tenant, method, path, key)

        def end(connection: Connection) -> None:
            query = select(idempotency.c.body).where(_is(scope), idempotency.c.body.is_not(None))
            kept = connection.execute(query).scalar_one_or_none()
            if kept is not None and self._opened(scope, kept) == stored.body:
                connection.execute(delete(idempotency).where(_is(scope), idempotency.c.body == kept))

        await self._database.run(end)

    async def free(self, holders: Collection[str]) -> None:
        """Let go of all keys that processes held which are dead now."""
        if holders:
            query = delete(idempotency).where(idempotency.c.holder.in_(holders), idempotency.c.status.is_(None))
            await self._database.run(lambda connection: connection.execute(query))

    async def sweep(self, now: datetime) -> None:
        """Remove what is past its time, and let go of keys that could not be let go of in their time."""
        old = idempotency.c.created_at <= to_stored(now - LEFT)
        left = self._is_own & old & idempotency.c.scope.not_in(list(self._at_work))
        query = delete(idempotency).where((idempotency.c.expires_at <= to_stored(now)) | left)
        await self._database.run(lambda connection: connection.execute(query))

    def _standing(self, connection: Connection, scope: str, fingerprint: str) -> Stored | None:
        row = connection.execute(select(idempotency).where(_is(scope))).mappings().one_or_none()
        if row is not None and row["fingerprint"] != fingerprint:
            raise invalid(
                "Idempotency-Key", "This key was used for another request; take a fresh one for each request."
            )
        if row is None or row["status"] is None:
            raise FilemillError(
                ErrorCode.CONFLICT, "The first request with this Idempotency-Key is still running.", retry_after=1
            )
        body = self._opened(scope, row["body"])
        if body is None:
            raise FilemillError(ErrorCode.NOT_FOUND, "The answer to the first request with this key can't be read.")
        return Stored(row["status"], msgspec.json.decode(row["headers"]), body, row["asset_id"])

    def _closed(self, scope: str, body: bytes) -> bytes:
        if self._sealer is None or not body:
            return body
        return _SEALED + self._sealer.seal(body.decode("latin-1"), scope).encode()  # any bytes have that form

    def _opened(self, scope: str, kept: bytes) -> bytes | None:
        """Read a body; None where the server's secret is another one now."""
        if self._sealer is None or not kept.startswith(_SEALED):
            return kept
        try:
            return self._sealer.open(kept.removeprefix(_SEALED).decode(), scope).encode("latin-1")
        except ValueError:
            return None

    @property
    def _is_own(self) -> ColumnElement[bool]:
        """Whether this process holds a key."""
        held: ColumnElement[bool] = idempotency.c.status.is_(None) & (idempotency.c.holder == self._holder)
        return held

    def _leave(self, scope: str) -> None:
        """Note that one request fewer works under a key."""
        self._at_work[scope] -= 1
        if not self._at_work[scope]:
            del self._at_work[scope]


def _is(scope: str) -> ColumnElement[bool]:
    return idempotency.c.scope == scope


def _scope(tenant: str, method: str, path: str, key: str) -> str:
    return hashlib.sha256(msgspec.json.encode([tenant, method, path, key])).hexdigest()

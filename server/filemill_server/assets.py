"""Stored results."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import structlog

from filemill.kinds import Facts
from filemill_server.database import Database
from filemill_server.files import Also, Files, StoredFile, new_id
from filemill_server.outages import outage
from filemill_server.storage import Storage

log = structlog.get_logger(__name__)

COMING_SECONDS = 5.0
"""How long a caller waits for an asset on its way into the store, which may be away."""


class Asset(StoredFile, frozen=True, kw_only=True):
    """A stored result.

    Fields:
        facts: what its kind knows, such as `width`.
        public: whether it is given to everybody who knows its id.
        modified_at: when its bytes were last replaced, UTC, whole seconds.
    """

    facts: Facts
    public: bool
    modified_at: datetime


class Said(TypedDict):
    """What is said of a file that is to be kept; `ttl_seconds` None keeps it until it is deleted."""

    tenant: str
    filename: str
    format: str
    media_type: str
    size: int
    sha256: str
    facts: Facts
    public: bool
    ttl_seconds: int | None


class Assets:
    """The results that are kept.

    Attributes:
        changes: how often this process has ended or replaced one; what was read before the last time may be wrong.
    """

    def __init__(self, database: Database, storage: Storage) -> None:
        self.changes = 0
        self._storage = storage
        self._files = Files(database, storage, "asset", Asset)
        self._coming: dict[str, asyncio.Task[Asset]] = {}

    @property
    def coming(self) -> int:
        """How many assets are on their way into the store while their callers have gone on."""
        return len(self._coming)

    def begin(self, id: str, adding: Coroutine[Any, Any, Asset]) -> None:
        """Let `add` go on by itself; who asks for the asset meanwhile waits for it."""
        task = asyncio.create_task(adding)
        self._coming[id] = task
        task.add_done_callback(partial(self._came, id))

    def _came(self, id: str, task: asyncio.Task[Asset]) -> None:
        del self._coming[id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("asset_not_kept", asset_id=id, exc_info=error)

    async def settle(self) -> None:
        """Wait for everything on its way."""
        if self._coming:
            await asyncio.wait(self._coming.values())

    @staticmethod
    def new_id() -> str:
        """Return a fresh id: 256 random bits, 43 characters."""
        return new_id()

    async def add(self, path: Path, *, id: str, also: Also | None = None, **said: Unpack[Said]) -> Asset:
        """Keep a finished local file, which is consumed; `also` is more work of the same transaction."""
        return await self._files.add(path, id=id, also=also, **said)

    async def add_once(self, path: Path, *, id: str, **said: Unpack[Said]) -> Asset:
        """Keep a finished local file, which is consumed, under an id that can be made again.

        Where an asset is kept there by now, it is returned; what has expired there makes room.
        """
        return await self._files.add_once(path, id=id, **said)

    async def put(self, path: Path, *, id: str, **said: Unpack[Said]) -> tuple[Asset, dict[str, Any]]:
        """Bring a finished local file, which is consumed, into the store.

        Returns:
            The asset, and the row that makes it one: until somebody enters that, its bytes belong to nobody.
        """
        return await self._files.put(path, id=id, **said)

    async def get(self, id: str) -> Asset | None:
        """Return an asset, or None where there is none or it has expired."""
        if (coming := self._coming.get(id)) is not None:
            await _settled([coming])
        return await self._files.get(id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Asset]:
        """Return those of some assets that are there and have not expired, by their ids."""
        return await self._files.get_many(ids)

    async def list(
        self, tenant: str, cursor: str | None = None, limit: int = 100
    ) -> tuple[Sequence[Asset], str | None]:
        """Return a page of a tenant's assets, newest first, and the cursor of the next page, None on the last.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        await _settled(self._coming.values())
        return await self._files.list(tenant, cursor, limit)

    async def delete(self, asset: Asset, also: Also | None = None) -> None:
        """End an asset now; `also` is more work of the transaction that ends it."""
        try:
            await self._files.delete(asset, also)
        finally:
            self.changes += 1

    async def replace(
        self,
        asset: Asset,
        path: Path,
        *,
        filename: str,
        format: str,
        media_type: str,
        size: int,
        sha256: str,
        facts: Facts,
        if_match: str | None = None,
        also: Also | None = None,
    ) -> Asset:
        """Give an asset other bytes, those of a finished local file. Its id, its end and who may see it stay.

        `also` is more work of the same transaction.

        Raises:
            FilemillError: `PRECONDITION_FAILED` where its SHA-256 is no longer `if_match`, `NOT_FOUND` where it
                has gone.
        """
        try:
            return await self._files.replace(
                asset,
                path,
                if_match,
                also=also,
                filename=filename,
                format=format,
                media_type=media_type,
                size=size,
                sha256=sha256,
                facts=facts,
            )
        finally:
            self.changes += 1

    async def copy(
        self,
        asset: Asset,
        *,
        id: str,
        public: bool,
        ttl_seconds: int | None,
        filename: str | None = None,
        facts: Facts | None = None,
        also: Also | None = None,
    ) -> Asset:
        """Make a second asset of the same bytes, with a life of its own; what is not said is as with the first.

        `also` is more work of the transaction that makes it.

        Raises:
            FileNotFoundError: the asset has gone meanwhile.
        """
        name = await self._files.new_name()
        await self._storage.copy(asset.storage_name, name)
        return await self._files.add(
            None,
            also=also,
            storage_name=name,
            id=id,
            tenant=asset.tenant,
            filename=filename or asset.filename,
            format=asset.format,
            media_type=asset.media_type,
            size=asset.size,
            sha256=asset.sha256,
            facts=asset.facts if facts is None else facts,
            public=public,
            ttl_seconds=ttl_seconds,
        )


async def _settled(coming: Collection[asyncio.Task[Asset]]) -> None:
    """Wait for assets on their way.

    Raises:
        FilemillError: `OVERLOADED` where they take too long.
    """
    if coming and (await asyncio.wait(coming, timeout=COMING_SECONDS))[1]:
        raise outage("storage", TimeoutError(f"not stored within {COMING_SECONDS:g} s"))

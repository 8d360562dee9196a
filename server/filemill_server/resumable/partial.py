"""Partial uploads: begun, gone on with, ended; whichever protocol asks, and on whichever node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filemill.errors import ErrorCode, FilemillError
from filemill.formats import FormatTable
from filemill_server.database import Database
from filemill_server.resumable.lease import hold
from filemill_server.resumable.rows import PartialRows, PartialUpload
from filemill_server.resumable.turn import Turn
from filemill_server.storage import Storage
from filemill_server.uploads import Uploads


class PartialUploads:
    """The partial uploads of one database and its store.

    Args:
        process: id of this process, by which what it held is freed when it is dead.
    """

    def __init__(
        self, database: Database, storage: Storage, uploads: Uploads, formats: FormatTable, process: str
    ) -> None:
        self._database = database
        self._storage = storage
        self._uploads = uploads
        self._formats = formats
        self._process = process
        self._rows = PartialRows(database)

    async def begin(self, tenant: str, filename: str, *, length: int | None, metadata: str | None = None) -> str:
        """Begin an upload and return its id, which will be that of the finished one."""
        upload_id = self._uploads.new_id()
        await self._rows.add(upload_id, tenant, filename, metadata, length)
        return upload_id

    async def get(self, id: str, tenant: str) -> PartialUpload | None:
        """Return an upload when no request works on it any more; None where a tenant has none of this id.

        Raises:
            FilemillError: `CONFLICT` where a request does not let go of it in time.
        """
        upload = await self._rows.get(id, tenant)
        if upload is None or upload.holder is None:
            return upload
        async with self.turn(id, tenant) as turn:
            return turn.upload

    @asynccontextmanager
    async def turn(self, id: str, tenant: str) -> AsyncIterator[Turn]:
        """Hold an upload; a request that still receives bytes of it makes way.

        Raises:
            FilemillError: `NOT_FOUND`; `CONFLICT` where a request does not let go of it in time.
        """
        await self._find(id, tenant)  # nobody is asked to make way for a stranger
        async with hold(self._database, id, self._process) as lease:
            upload = await self._find(id, tenant)
            yield Turn(upload, lease, self._rows, self._storage, self._uploads, self._formats)

    async def end(self, id: str, tenant: str) -> bool:
        """End an upload now, partial or finished, even while a request works on it; False where there is none."""
        partial = await self._rows.get(id, tenant)
        if partial is not None:
            await self._storage.delete(await self._rows.remove(id))
        made = await self._uploads.get(id)
        if made is None or made.tenant != tenant:
            return partial is not None
        await self._uploads.delete(made)
        return True

    async def _find(self, id: str, tenant: str) -> PartialUpload:
        upload = await self._rows.get(id, tenant)
        if upload is None:
            raise FilemillError(ErrorCode.NOT_FOUND, "There is no such upload, or it has expired.")
        return upload

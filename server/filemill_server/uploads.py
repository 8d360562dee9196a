"""Inputs that are kept for later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack

from sqlalchemy import Connection

from filemill_server.database import Database
from filemill_server.files import Files, StoredFile, new_id
from filemill_server.messages import UploadBody
from filemill_server.storage import Storage

UPLOAD_TTL_SECONDS = 24 * 3600
"""How long an upload is kept, seconds."""


class Upload(StoredFile, frozen=True, kw_only=True):
    """An input that is kept for later."""


class UploadSaid(TypedDict):
    """What is said of a file that is to be kept for later."""

    tenant: str
    filename: str
    format: str
    media_type: str
    size: int
    sha256: str
    ttl_seconds: NotRequired[int]


def upload_body(upload: Upload) -> UploadBody:
    """Return what answers say of an upload."""
    assert upload.expires_at is not None  # uploads always end
    return UploadBody(
        upload_id=upload.id,
        filename=upload.filename,
        mime_type=upload.media_type,
        size_bytes=upload.size,
        sha256=upload.sha256,
        expires_at=upload.expires_at,
    )


class Uploads:
    """The inputs that are kept."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._files = Files(database, storage, "upload", Upload)

    @staticmethod
    def new_id() -> str:
        """Return a fresh id: 256 random bits, 43 characters."""
        return new_id()

    async def add(self, path: Path, *, id: str, **said: Unpack[UploadSaid]) -> Upload:
        """Keep a finished local file, which is consumed."""
        values: dict[str, Any] = {"ttl_seconds": UPLOAD_TTL_SECONDS, **said}
        return await self._files.add(path, id=id, **values)

    async def put(self, path: Path, *, id: str, **said: Unpack[UploadSaid]) -> tuple[Upload, dict[str, Any]]:
        """Bring a finished local file, which is consumed, into the store.

        Returns:
            The upload, and the row that makes it one: until somebody enters that, its bytes belong to nobody.
        """
        return await self._files.put(path, id=id, **{"ttl_seconds": UPLOAD_TTL_SECONDS, **said})

    async def add_stored(
        self,
        storage_name: str,
        *,
        also: Callable[[Connection], None],
        id: str,
        tenant: str,
        filename: str,
        format: str,
        media_type: str,
        size: int,
        sha256: str,
    ) -> Upload:
        """Keep bytes that are in the store already; `also` is more work of the same transaction."""
        return await self._files.add(
            None,
            also=also,
            storage_name=storage_name,
            id=id,
            tenant=tenant,
            filename=filename,
            format=format,
            media_type=media_type,
            size=size,
            sha256=sha256,
            ttl_seconds=UPLOAD_TTL_SECONDS,
        )

    async def add_over(self, storage_name: str, *, id: str, **said: Unpack[UploadSaid]) -> Upload:
        """Keep bytes that are in the store already, in place of the upload of this id, where there is one.

        Raises:
            IntegrityError: others do the same with this id again and again at the same time.
        """
        values: dict[str, Any] = {"ttl_seconds": UPLOAD_TTL_SECONDS, **said}
        return await self._files.add_over(id=id, storage_name=storage_name, **values)

    async def new_name(self) -> str:
        """Return a fresh name in the store, for bytes that are to become an upload."""
        return await self._files.new_name()

    async def get(self, id: str) -> Upload | None:
        """Return an upload, or None where there is none or it has expired."""
        return await self._files.get(id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Upload]:
        """Return those of some uploads that are there and have not expired, by their ids."""
        return await self._files.get_many(ids)

    async def delete_many(self, uploads: Sequence[Upload]) -> None:
        """End uploads now."""
        await self._files.delete_many(uploads)

    async def delete(self, upload: Upload) -> None:
        """End an upload now."""
        await self._files.delete(upload)

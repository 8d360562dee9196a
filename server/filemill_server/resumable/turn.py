"""One request's turn at a partial upload, which it holds: bytes are added, or it becomes an upload."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from filemill.errors import ErrorCode, FilemillError
from filemill.formats import SNIFF_BYTES, Format, FormatTable
from filemill_server.resumable.checksum import Check
from filemill_server.resumable.lease import Lease
from filemill_server.resumable.pieces import Pieces, lost
from filemill_server.resumable.rows import PartialRows, PartialUpload, Piece
from filemill_server.storage import Storage
from filemill_server.uploads import Upload, Uploads


class Turn:
    """A turn.

    Attributes:
        upload: as it is now.
    """

    def __init__(
        self,
        upload: PartialUpload,
        lease: Lease,
        rows: PartialRows,
        storage: Storage,
        uploads: Uploads,
        formats: FormatTable,
    ) -> None:
        self.upload = upload
        self._lease = lease
        self._rows = rows
        self._storage = storage
        self._uploads = uploads
        self._formats = formats
        self._pieces = Pieces(rows, storage, uploads)

    async def set_length(self, length: int) -> None:
        """Say how long the upload will be, which nobody has said yet."""
        if not await self._rows.set_length(self.upload.id, self._lease.holder, length):
            raise lost()
        self.upload = replace(self.upload, length=length)

    async def receive(
        self, chunks: AsyncIterator[bytes], folder: Path, *, max_bytes: int, check: Check | None = None
    ) -> None:
        """Take bytes; see `Pieces.receive`."""
        await self._pieces.compact(self.upload, self._lease)
        limit = max_bytes if self.upload.length is None else self.upload.length
        room = limit - self.upload.offset
        self.upload = await self._pieces.receive(self.upload, self._lease, chunks, folder, room=room, check=check)

    async def finish(self, folder: Path) -> Upload:
        """Make the upload of what came, under the same id; done again where it was done before, it is the same.

        Raises:
            FilemillError: `UNSUPPORTED_MEDIA` or `INVALID_FILE` where it is no file that can be read here;
                the upload has gone then.
        """
        if self.upload.complete:
            if (made := await self._uploads.get(self.upload.id)) is None:
                raise FilemillError(ErrorCode.NOT_FOUND, "The upload has gone.")
            return made
        pieces = await self._rows.pieces(self.upload.id)
        try:
            form = await self._sniff(pieces, folder)
        except FilemillError as error:
            if error.code is not ErrorCode.OVERLOADED:  # then nothing is known of the content
                await self._storage.delete(await self._rows.remove(self.upload.id))
            raise
        return await self._settle(pieces, form)

    async def _settle(self, pieces: Sequence[Piece], form: Format) -> Upload:
        upload = self.upload
        name, sha256 = await self._join(pieces)
        complete = self._rows.completion(upload.id, self._lease.holder)

        def end(connection: Connection) -> None:
            if not complete(connection):
                raise lost()

        old = {piece.storage_name for piece in pieces} - {name}
        try:
            made = await self._uploads.add_stored(
                name,
                also=end,
                id=upload.id,
                tenant=upload.tenant,
                filename=upload.filename,
                format=form.name,
                media_type=form.media_type,
                size=upload.offset,
                sha256=sha256,
            )
        except FilemillError:
            if old:  # a single piece is still that of the upload
                await self._storage.delete([name])
            raise
        await self._storage.delete(sorted(old))
        self.upload = replace(upload, complete=True)
        return made

    async def _join(self, pieces: Sequence[Piece]) -> tuple[str, str]:
        """Put all bytes under one name; return it and their SHA-256. A single piece stays where it is."""
        running = hashlib.sha256()

        async def hashed() -> AsyncIterator[bytes]:
            async for chunk in self._pieces.stream(pieces):
                await asyncio.to_thread(running.update, chunk)
                yield chunk

        if len(pieces) == 1:
            async for _ in hashed():
                pass
            return pieces[0].storage_name, running.hexdigest()
        name = await self._uploads.new_name()
        await self._storage.write(name, hashed(), self.upload.offset)
        return name, running.hexdigest()

    async def _sniff(self, pieces: Sequence[Piece], folder: Path) -> Format:
        head = bytearray()
        for piece in pieces:
            async for chunk in self._storage.stream(piece.storage_name, 0, SNIFF_BYTES - len(head)):
                head += chunk
            if len(head) == SNIFF_BYTES:
                break
        path = folder / "head"
        path.write_bytes(head)
        return self._formats[self._formats.sniff(path, self.upload.filename).format]

"""How the bytes of a request become pieces in the store, and many small pieces become few."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from litestar.exceptions import InternalServerException

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.spool import Spool
from filemill_server.resumable.checksum import Check
from filemill_server.resumable.lease import Lease
from filemill_server.resumable.rows import PartialRows, PartialUpload, Piece
from filemill_server.storage import Storage
from filemill_server.uploads import Uploads
from filemill_server.wire import ClientGone, HttpRequest

PIECE_BYTES = 64 << 20
"""Where a piece ends and the offset moves; so many bytes at most are sent again after a crash."""
SMALL_BYTES = 8 << 20
"""Pieces that are smaller are put together, as soon as there are `FAN` of about the same size."""
FAN = 16


async def body_of(request: HttpRequest) -> AsyncIterator[bytes]:
    """Give a body as it comes.

    Raises:
        ClientGone: the client left in its middle.
    """
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException:  # the one thing it means here
        raise ClientGone from None


class Pieces:
    """The pieces of partial uploads, in one database and its store."""

    def __init__(self, rows: PartialRows, storage: Storage, uploads: Uploads) -> None:
        self._rows = rows
        self._storage = storage
        self._uploads = uploads

    async def receive(
        self,
        upload: PartialUpload,
        lease: Lease,
        chunks: AsyncIterator[bytes],
        folder: Path,
        *,
        room: int,
        check: Check | None = None,
    ) -> PartialUpload:
        """Take bytes, and return the upload with its offset behind them.

        What has come before an interruption is kept; with a check, all of it or nothing is.

        Args:
            upload: as it is in the database now.
            lease: of it.
            chunks: the bytes.
            folder: an existing working folder.
            room: how many bytes the upload may still take.
            check: what the bytes have to be.

        Raises:
            FilemillError: `FILE_TOO_LARGE` for more than there is room for, `CONFLICT` and `NOT_FOUND` where the
                upload was taken away, and what the check raises.
            ClientGone: the client left.
        """
        full = room + 1 if check is not None else PIECE_BYTES
        interruption: Exception | None = None
        ended = False
        while not ended and interruption is None:
            with Spool(folder / f"{upload.offset}", room) as spool:
                try:
                    ended = await _fill(spool, full, lease, chunks, check)
                except ClientGone as error:
                    interruption = error
                except FilemillError as error:
                    if error.code is not ErrorCode.CONFLICT:
                        raise
                    interruption = error  # another request waits for this one to make way
            if check is not None and interruption is None:
                check.verify()
            if spool.size and (check is None or interruption is None):
                upload = await self._keep(upload, lease, spool)
                room -= spool.size
            spool.path.unlink(missing_ok=True)
        if interruption is not None:
            raise interruption
        return upload

    async def compact(self, upload: PartialUpload, lease: Lease) -> None:
        """Put the last pieces together as long as they are small and many."""
        while old := _alike(await self._rows.pieces(upload.id, last=FAN)):
            size = sum(piece.size for piece in old)
            name = await self._uploads.new_name()
            await self._storage.write(name, self.stream(old), size)
            new = Piece(start=old[0].start, size=size, level=old[0].level + 1, storage_name=name)
            if not await self._rows.replace(upload.id, lease.holder, old, new):
                await self._storage.delete([name])
                raise lost()
            await self._storage.delete([piece.storage_name for piece in old])

    async def stream(self, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        """Give the bytes of pieces one after another."""
        for piece in pieces:
            async for chunk in self._storage.stream(piece.storage_name):
                yield chunk

    async def _keep(self, upload: PartialUpload, lease: Lease, spool: Spool) -> PartialUpload:
        name = await self._uploads.new_name()
        await self._storage.adopt(spool.path, name)
        piece = Piece(start=upload.offset, size=spool.size, level=0, storage_name=name)
        moved = await self._rows.append(upload, lease.holder, piece)
        if moved is None:
            await self._storage.delete([name])
            raise lost()
        return moved


def lost() -> FilemillError:
    """Make the error for an upload that is no longer this request's."""
    return FilemillError(ErrorCode.CONFLICT, "The upload was taken away from this request; ask for the offset.")


async def _fill(spool: Spool, full: int, lease: Lease, chunks: AsyncIterator[bytes], check: Check | None) -> bool:
    """Write bytes until there are enough; True at their end."""
    while spool.size < full:
        chunk = await lease.next_of(chunks)
        if chunk is None:
            return True
        if check is not None:
            check.update(chunk)
        await spool.write(chunk)
    return False


def _alike(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Return the pieces if they are to be put together, else none."""
    alike = len(pieces) == FAN and all(piece.size < SMALL_BYTES and piece.level == pieces[-1].level for piece in pieces)
    return pieces if alike else ()

"""What the database knows of partial uploads: a row each, and a row for each piece that is in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Update, delete, insert, or_, select, update

from filemill_server.database import Database
from filemill_server.files import is_id
from filemill_server.tables import from_stored, partial_uploads, to_stored, upload_pieces

TTL = timedelta(hours=24)
"""How long a partial upload is kept after its last bytes, and what is known of it after its end."""
_BATCH = 500
_row = partial_uploads.c
_piece = upload_pieces.c


class PartialUpload(Struct, frozen=True, kw_only=True):
    """An upload of which the first `offset` bytes are there.

    Fields:
        metadata: `Upload-Metadata` as it came.
        length: bytes it will have; None: not yet known.
        complete: whether it is an upload by now.
        holder: the request that works on it.
    """

    id: str
    tenant: str
    filename: str
    metadata: str | None
    length: int | None
    offset: int
    complete: bool
    holder: str | None
    expires_at: datetime


class Piece(Struct, frozen=True, kw_only=True):
    """Bytes of an upload in the store; `level`: how many times they were put together from smaller pieces."""

    start: int
    size: int
    level: int
    storage_name: str


class Removed(NamedTuple):
    """Uploads that were removed, and the names of the bytes they had."""

    ids: Sequence[str]
    names: Sequence[str]


class PartialRows:
    """The rows. Who changes one is its holder (see `lease`), or else nothing changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, id: str, tenant: str, filename: str, metadata: str | None, length: int | None) -> None:
        """Keep a new upload without bytes."""
        now = datetime.now(UTC)
        row = insert(partial_uploads).values(
            id=id,
            tenant=tenant,
            filename=filename,
            metadata=metadata,
            length=length,
            offset=0,
            complete=False,
            held_until=0,
            wanted=False,
            created_at=to_stored(now),
            expires_at=_end(now),
        )
        await self._database.run(lambda connection: connection.execute(row))

    async def get(self, id: str, tenant: str) -> PartialUpload | None:
        """Return a tenant's upload; None for one that is unknown, expired or another's."""
        if not is_id(id):
            return None
        query = select(*(_row[name] for name in PartialUpload.__struct_fields__)).where(
            _row.id == id, _row.tenant == tenant, _row.expires_at > to_stored(datetime.now(UTC))
        )

        def read(connection: Connection) -> PartialUpload | None:
            found = connection.execute(query).mappings().one_or_none()
            if found is None:
                return None
            return PartialUpload(**{**found, "expires_at": from_stored(found["expires_at"])})

        return await self._database.read(read)

    async def pieces(self, id: str, *, last: int | None = None) -> list[Piece]:
        """Return the pieces of an upload in order: all, or the last ones."""
        query = select(*(_piece[name] for name in Piece.__struct_fields__)).where(_piece.upload_id == id)
        query = query.order_by(_piece.start.desc()).limit(last)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Piece(**row) for row in reversed(rows)]

    async def set_length(self, id: str, holder: str, length: int) -> bool:
        """Say how long an upload will be; its first length stays."""
        return await self._change(_held(id, holder).where(_row.length.is_(None)).values(length=length))

    async def append(self, upload: PartialUpload, holder: str, piece: Piece) -> PartialUpload | None:
        """Move the offset over a piece that is in the store; None: somebody else has moved it, or holds the upload."""
        offset, end = piece.start + piece.size, _end(datetime.now(UTC))
        move = _held(upload.id, holder).where(_row.offset == piece.start, _row.complete.is_(False))
        move = move.values(offset=offset, expires_at=end)

        def work(connection: Connection) -> PartialUpload | None:
            if connection.execute(move).rowcount != 1:
                return None
            connection.execute(insert(upload_pieces), _values(upload.id, piece))
            return replace(upload, offset=offset, expires_at=from_stored(end))

        return await self._database.run(work)

    async def replace(self, id: str, holder: str, old: Sequence[Piece], new: Piece) -> bool:
        """Put one piece in the place of several."""
        mark = _held(id, holder).values(holder=holder)  # changes nothing, and nobody else can until this is done
        starts = [piece.start for piece in old]

        def work(connection: Connection) -> bool:
            if connection.execute(mark).rowcount != 1:
                return False
            connection.execute(delete(upload_pieces).where(_piece.upload_id == id, _piece.start.in_(starts)))
            connection.execute(insert(upload_pieces), _values(id, new))
            return True

        return await self._database.run(work)

    def completion(self, id: str, holder: str) -> Callable[[Connection], bool]:
        """Return the work that ends an upload in the transaction that keeps its file; False: it is not ours.

        The row lives on with the file, for a client who did not hear that all has come.
        """
        end = _held(id, holder).where(_row.complete.is_(False))
        end = end.values(complete=True, length=_row.offset, expires_at=_end(datetime.now(UTC)))

        def work(connection: Connection) -> bool:
            if connection.execute(end).rowcount != 1:
                return False
            connection.execute(delete(upload_pieces).where(_piece.upload_id == id))
            return True

        return work

    async def remove(self, id: str) -> Sequence[str]:
        """Remove an upload, whoever holds it, and return the names of the bytes it had."""
        return await self._database.run(lambda connection: _remove(connection, [id]))

    async def remove_expired(self, now: datetime) -> Removed | None:
        """Remove some of the uploads whose time is over; None: there is none."""
        query = select(_row.id).where(_row.expires_at <= to_stored(now)).limit(_BATCH)

        def work(connection: Connection) -> Removed | None:
            ids = connection.execute(query).scalars().all()
            return Removed(ids, _remove(connection, ids)) if ids else None

        return await self._database.run(work)

    async def free(self, processes: Collection[str]) -> None:
        """Let go of all uploads that processes held which are dead now."""
        if processes:
            theirs = or_(*(_row.holder.startswith(f"{process}:", autoescape=True) for process in processes))
            query = update(partial_uploads).where(theirs).values(holder=None, wanted=False)
            await self._database.run(lambda connection: connection.execute(query))

    async def _change(self, statement: Update) -> bool:
        return await self._database.run(lambda connection: connection.execute(statement).rowcount == 1)


def _held(id: str, holder: str) -> Update:
    return update(partial_uploads).where(_row.id == id, _row.holder == holder)


def _values(id: str, piece: Piece) -> dict[str, object]:
    return {"upload_id": id, **{name: getattr(piece, name) for name in Piece.__struct_fields__}}


def _remove(connection: Connection, ids: Sequence[str]) -> Sequence[str]:
    connection.execute(delete(partial_uploads).where(_row.id.in_(ids)))
    query = delete(upload_pieces).where(_piece.upload_id.in_(ids)).returning(_piece.storage_name)
    return connection.execute(query).scalars().all()


def _end(now: datetime) -> int:
    return to_stored(now + TTL)

"""The files a server keeps, of every kind: a row in the database and bytes in the store.

Bytes come first and go last: a crash at any moment leaves at worst bytes without a row, which are swept.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from filemill.errors import ErrorCode, FilemillError
from filemill_server.cursors import make_cursor, read_cursor
from filemill_server.database import Database
from filemill_server.storage import Storage
from filemill_server.tables import files, from_stored, installation, to_stored

_INSERT = insert(files)
_MAKE_ROOM = (
    delete(files)
    .where(files.c.id == bindparam("id"), files.c.expires_at <= bindparam("now"))
    .returning(files.c.storage_name)
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MANY = 500  # ids in one statement
_TRIES = 5  # to enter an id that others enter too
_TIMES = ("created_at", "modified_at", "expires_at")


class StoredFile(Struct, frozen=True, kw_only=True):
    """What is known of every kept file.

    Fields:
        id: unguessable.
        tenant: whose it is.
        storage_name: of its bytes in the store.
        filename: for people.
        format, media_type: as found by content.
        size: bytes.
        sha256: of its bytes, hexadecimal.
        created_at, expires_at: UTC, whole seconds; None: kept until deleted.
    """

    id: str
    tenant: str
    storage_name: str
    filename: str
    format: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    expires_at: datetime | None


F = TypeVar("F", bound=StoredFile)
Also = Callable[[Connection], None]
"""More work of a transaction."""


class Files(Generic[F]):
    """The files of one kind.

    Args:
        kind: `asset` or `upload`; an id of one kind is unknown to the other.
        type_: the struct of that kind; its fields are columns of the table.
    """

    def __init__(self, database: Database, storage: Storage, kind: str, type_: type[F]) -> None:
        self._database = database
        self._storage = storage
        self._kind = kind
        self._type = type_
        self._root: str | None = None
        self._query = select(*(files.c[name] for name in type_.__struct_fields__))
        # Made once: making and reading a statement takes longer than running it.
        self._by_id = self._query.where(files.c.id == bindparam("id"), files.c.kind == kind, _unexpired())
        self._of_tenant = self._query.where(files.c.tenant == bindparam("tenant"), files.c.kind == kind, _unexpired())

    async def add(self, path: Path | None, *, also: Also | None = None, **values: Any) -> F:
        """Keep a finished local file, which is consumed, or bytes that are in the store already.

        Args:
            path: the file; None: the bytes are in the store under `storage_name`.
            also: more work of the same transaction; where it raises, nothing is kept.
            values: the columns, except those this decides: name, kind and times. `ttl_seconds` is the time to
                keep it.
        """
        file, row = await self.put(path, **values)

        def keep(connection: Connection) -> None:
            if also is not None:
                also(connection)
            connection.execute(_INSERT, row)

        await self._database.run(keep)
        return file

    async def add_over(self, *, id: str, **values: Any) -> F:
        """Keep bytes that are in the store already, in place of what has the same id, where anything has.

        Raises:
            IntegrityError: others do the same with this id again and again at the same time.
        """
        before = delete(files).where(files.c.id == id, files.c.kind == self._kind).returning(files.c.storage_name)
        gone: list[str] = []

        def clear(connection: Connection) -> None:
            gone[:] = connection.execute(before).scalars().all()

        for tries_left in reversed(range(_TRIES)):
            try:
                file = await self.add(None, also=clear, id=id, **values)
                break
            except IntegrityError:  # somebody entered the same id after it was cleared
                if not tries_left:
                    raise
        await self._storage.delete(gone)
        return file

    async def add_once(self, path: Path, **values: Any) -> F:
        """Do what `add` does under an id that can be made again; where something is kept there, return that.

        What has expired under the id makes room.
        """
        file, row = await self.put(path, **values)
        given = {"id": file.id, "now": row["created_at"]}

        def keep(connection: Connection) -> tuple[F, Sequence[str]]:
            stale = connection.execute(_MAKE_ROOM, given).scalars().all()
            try:
                with connection.begin_nested():
                    connection.execute(_INSERT, row)
            except IntegrityError:
                before = connection.execute(self._by_id, given).mappings().one()
                return self._read(before), [file.storage_name]
            return file, stale

        kept, useless = await self._database.run(keep)
        await self._storage.delete(useless)
        return kept

    async def put(self, path: Path | None, **values: Any) -> tuple[F, dict[str, Any]]:
        """Do what `add` does but for the row, which is returned: it makes the file one that is kept."""
        now = datetime.now(UTC)
        if path is not None:
            values["storage_name"] = await self.new_name()
            await self._storage.adopt(path, values["storage_name"])
        ttl = values.pop("ttl_seconds")
        created = to_stored(now)
        row = {"facts": {}, "public": False, "modified_at": created, **values}
        row |= {"kind": self._kind, "facts": msgspec.json.encode(row["facts"]).decode(), "created_at": created}
        row["expires_at"] = None if ttl is None else to_stored(now.replace(microsecond=0) + timedelta(seconds=ttl))
        return self._read(row), row

    async def get(self, id: str) -> F | None:
        """Return a file, or None where there is none or it has expired."""
        if not is_id(id):
            return None
        given = {"id": id, "now": to_stored(datetime.now(UTC))}
        row = await self._database.read(
            lambda connection: connection.execute(self._by_id, given).mappings().one_or_none()
        )
        return None if row is None else self._read(row)

    async def get_many(self, ids: Sequence[str]) -> dict[str, F]:
        """Return those of some files that are there and have not expired, by their ids."""
        query = self._query.where(files.c.id.in_(bindparam("ids", expanding=True)), files.c.kind == self._kind)
        query = query.where(_unexpired())
        now = to_stored(datetime.now(UTC))

        def read(connection: Connection) -> dict[str, F]:
            found: dict[str, F] = {}
            for start in range(0, len(ids), _MANY):
                given = {"ids": ids[start : start + _MANY], "now": now}
                found |= {row["id"]: self._read(row) for row in connection.execute(query, given).mappings()}
            return found

        return await self._database.read(read)

    async def list(self, tenant: str, cursor: str | None, limit: int) -> tuple[list[F], str | None]:
        """Return a page of a tenant's files, newest first, and the cursor of the next page, None on the last.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        query = self._of_tenant
        given = {"tenant": tenant, "now": to_stored(datetime.now(UTC))}
        if cursor is not None:
            created, last = read_cursor(cursor)
            same = and_(files.c.created_at == created, files.c.id < last)
            query = query.where(or_(files.c.created_at < created, same))
        query = query.order_by(files.c.created_at.desc(), files.c.id.desc()).limit(limit + 1)
        rows = await self._database.read(lambda connection: connection.execute(query, given).mappings().all())
        page = rows[:limit]
        following = make_cursor(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None
        return [self._read(row) for row in page], following

    async def delete(self, file: F, also: Also | None = None) -> None:
        """End a file now: the row, then the bytes it had.

        Args:
            file: what ends.
            also: more work of the transaction that ends it; not done where it has gone already.
        """

        def end(connection: Connection) -> Sequence[str]:
            names = _end([file.id], connection)
            if names and also is not None:
                also(connection)
            return names

        await self._storage.delete(await self._database.run(end))

    async def delete_many(self, ended: Sequence[F]) -> None:
        """End files now."""
        for start in range(0, len(ended), _MANY):
            ids = [file.id for file in ended[start : start + _MANY]]
            names = await self._database.run(partial(_end, ids))
            await self._storage.delete(names)

    async def replace(self, file: F, path: Path, if_match: str | None, *, also: Also | None = None, **values: Any) -> F:
        """Give a file other bytes, the local file's, which is consumed. Until then the old ones are served.

        Args:
            file: what is replaced.
            path: the new bytes.
            if_match: the SHA-256 that the old bytes must still have; None: whatever they are.
            also: more work of the same transaction.
            values: the columns that change.

        Raises:
            FilemillError: `PRECONDITION_FAILED` or `NOT_FOUND`; nothing has changed then.
        """
        name = await self.new_name()
        await self._storage.adopt(path, name)
        values |= {"storage_name": name, "facts": msgspec.json.encode(values["facts"]).decode()}
        values["modified_at"] = to_stored(datetime.now(UTC))
        query = self._by_id.with_for_update()
        given = {"id": file.id, "now": values["modified_at"]}

        def swap(connection: Connection) -> tuple[str, F]:
            before = connection.execute(query, given).mappings().one_or_none()
            if before is None:
                raise FilemillError(ErrorCode.NOT_FOUND, f"The {self._kind} has gone.")
            if if_match is not None and before["sha256"] != if_match:
                raise FilemillError(ErrorCode.PRECONDITION_FAILED, f"The {self._kind} has other bytes by now.")
            connection.execute(update(files).where(files.c.id == file.id).values(values))
            if also is not None:
                also(connection)
            return str(before["storage_name"]), self._read({**before, **values})

        try:
            old, after = await self._database.run(swap)
        except FilemillError as error:
            if error.code is not ErrorCode.OVERLOADED:  # then the row may name the new bytes all the same
                await self._storage.delete([name])
            raise
        await self._storage.delete([old])
        return after

    async def new_name(self) -> str:
        """Return a fresh name in the store: under this installation's folder, spread over 256 folders."""
        if self._root is None:
            self._root = await store_root(self._database)
        token = secrets.token_hex(16)
        return f"{self._root}/{token[:2]}/{token}"

    def _read(self, row: Mapping[Any, Any]) -> F:
        values = {name: row[name] for name in self._type.__struct_fields__}
        for name in _TIMES:
            if values.get(name) is not None:
                values[name] = from_stored(values[name])
        if "facts" in values:
            values["facts"] = msgspec.json.decode(values["facts"])
        return self._type(**values)


async def store_root(database: Database) -> str:
    """Return the folder of the store in which all bytes of this database are, and nobody else's.

    So a server that is pointed at another's bucket by mistake never takes the other's bytes for left-overs.
    """
    query = select(installation.c.id)
    return await database.read(lambda connection: str(connection.execute(query).scalar_one()))


def new_id() -> str:
    """Return a fresh id that can't be guessed: 256 bits, 43 characters."""
    return secrets.token_urlsafe(32)


def is_id(text: str) -> bool:
    """Tell whether a text can be an id at all: PostgreSQL does not take every text."""
    return _ID.fullmatch(text) is not None


def _end(ids: Sequence[str], connection: Connection) -> Sequence[str]:
    query = delete(files).where(files.c.id.in_(ids)).returning(files.c.storage_name)
    return connection.execute(query).scalars().all()


def _unexpired() -> ColumnElement[bool]:
    return or_(files.c.expires_at.is_(None), files.c.expires_at > bindparam("now"))

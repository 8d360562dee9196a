"""The processes that run jobs, and which of them are dead.

A process that lives says so every now and then, by the clock of the database, so that clocks of machines that
differ mean nothing. Its work is handed on when it has been silent for a while, or said that it ends, or when
the lock of its folder is free, which another process on the same machine sees at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from filemill_server.database import Database
from filemill_server.tables import nodes

BEAT_SECONDS = 2.0
SILENT_SECONDS = 8.0
"""A process that has been silent for so long is dead: four beats missed, as one may be late under load."""

_CLOCKS = {
    "sqlite": text("SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"),
}
_BEAT = update(nodes).where(nodes.c.id == bindparam("node")).values(seen_at=bindparam("now"))
_ENTER = insert(nodes)


class Nodes:
    """The processes that run jobs over one database.

    Args:
        database: the database.
        id: of this process: no earlier or other one has it.
    """

    def __init__(self, database: Database, id: str) -> None:
        self._database = database
        self.id = id

    async def beat(self) -> None:
        """Say that this process lives."""

        def write(connection: Connection) -> None:
            now = _now(connection)
            if connection.execute(_BEAT, {"node": self.id, "now": now}).rowcount == 0:
                connection.execute(_ENTER, {"id": self.id, "seen_at": now})

        await self._database.run(write)

    async def dead(self) -> Sequence[str]:
        """Return the processes that are dead and whose work has not been handed on."""

        def read(connection: Connection) -> Sequence[str]:
            silent = _now(connection) - int(SILENT_SECONDS * 1_000_000)
            query = select(nodes.c.id).where(nodes.c.seen_at <= silent, nodes.c.id != self.id)
            return connection.execute(query).scalars().all()

        return await self._database.read(read)

    async def bury(self, ids: Collection[str]) -> None:
        """Say of processes that they are dead, where that is known sooner than by their silence."""
        statement = update(nodes).where(nodes.c.id.in_(ids)).values(seen_at=0)
        await self._database.run(lambda connection: connection.execute(statement))

    async def forget(self, id: str) -> None:
        """Remove a dead process whose work has been handed on."""
        await self._database.run(lambda connection: connection.execute(delete(nodes).where(nodes.c.id == id)))


def _now(connection: Connection) -> int:
    return int(connection.execute(_CLOCKS[connection.dialect.name]).scalar_one())

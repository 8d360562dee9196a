"""Jobs as their owners use them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from filemill.errors import ErrorCode, FilemillError
from filemill_server.jobs.dispatcher import Dispatcher
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore, Pay
from filemill_server.jobs.views import missing_job
from filemill_server.jobs.watching import Watch

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Jobs:
    """The jobs of all tenants; each sees its own.

    Attributes:
        watch: tells of their changes.
        dispatcher: runs them, where this process does.
    """

    def __init__(self, store: JobStore, watch: Watch) -> None:
        self._store = store
        self.watch = watch
        self.dispatcher: Dispatcher | None = None

    async def submit(self, *new: NewJob, uploads: Sequence[Mapping[str, Any]] = (), pay: Pay | None = None) -> JobRow:
        """Accept jobs, all or none, and return the first of them. They will end, whatever is killed meanwhile.

        Args:
            new: the jobs; of a batch the batch itself comes first.
            uploads: rows of the files that came with them, whose bytes are in the store.
            pay: takes what they cost, in the same transaction; where it raises it has changed nothing.

        Raises:
            FilemillError: what `pay` raised; there are no jobs then.
        """
        rows = await self._store.add(*new, uploads=uploads, pay=pay)
        if self.dispatcher is not None:
            self.dispatcher.wake()
        return rows[0]

    async def get(self, id: str, tenant: str) -> JobRow:
        """Return a tenant's job.

        Raises:
            FilemillError: `NOT_FOUND`.
        """
        row = await self._store.get(id, tenant) if _ID.fullmatch(id) else None  # PostgreSQL does not take every text
        if row is None:
            raise missing_job()
        return row

    async def find(self, id: str) -> JobRow | None:
        """Return a job whose id is what shows that it may be seen; None where there is none."""
        return await self._store.get(id) if _ID.fullmatch(id) else None

    async def list(
        self, tenant: str, cursor: str | None, limit: int, state: State | None
    ) -> tuple[Sequence[JobRow], str | None]:
        """Return a page of a tenant's jobs, of one state where it is given, and the next page's cursor.

        Raises:
            FilemillError: `INVALID_PARAMETER` where the cursor is none of ours.
        """
        return await self._store.list(tenant, cursor=cursor, limit=limit, state=state)

    async def list_parts(
        self, id: str, tenant: str, cursor: str | None, limit: int, state: State | None
    ) -> tuple[Sequence[JobRow], str | None]:
        """Return a page of the parts of a tenant's job, of one state where it is given, and the next page's cursor.

        Raises:
            FilemillError: `NOT_FOUND`; `INVALID_PARAMETER` where the cursor is none of ours.
        """
        await self.get(id, tenant)
        return await self._store.list_parts(id, cursor=cursor, limit=limit, state=state)

    async def cancel(self, id: str, tenant: str) -> None:
        """End a tenant's job that is not wanted any more; one that was cancelled before stays so.

        Raises:
            FilemillError: `NOT_FOUND`; `CONFLICT` where it ended in another way.
        """
        await self.get(id, tenant)
        if await self._store.cancel(id):
            self.watch.tell(id)
            if self.dispatcher is not None:
                self.dispatcher.look()
            return
        row = await self.get(id, tenant)
        if row.state is not State.CANCELLED:
            how = "succeeded; its result stays" if row.state is State.SUCCEEDED else "failed"
            raise FilemillError(ErrorCode.CONFLICT, f"The job can't be cancelled any more: it has {how}.")

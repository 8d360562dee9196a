"""Which job a process runs next: the keys take turns, and a key's own jobs go by urgency and age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, select, text, update

from filemill_server.database import Database
from filemill_server.jobs.rows import JobRow, State, read_jobs
from filemill_server.plans.declared import Plans
from filemill_server.tables import jobs, to_stored

_CLAIM_LOCK = 0x66696C656D6A6F62
_WAITS = "state = 'queued' AND parts_left = 0"  # as the partial index has it
_TENANTS = text(f"""
    WITH RECURSIVE waiting(tenant) AS (
        SELECT min(tenant) FROM jobs WHERE {_WAITS}
        UNION ALL
        SELECT (SELECT min(tenant) FROM jobs WHERE {_WAITS} AND tenant > waiting.tenant)
        FROM waiting WHERE waiting.tenant IS NOT NULL
    )
    SELECT tenant,
        (SELECT count(*) FROM jobs WHERE state = 'running' AND jobs.tenant = waiting.tenant) AS running,
        (SELECT max(started_at) FROM jobs WHERE jobs.tenant = waiting.tenant) AS started_at,
        (SELECT plan FROM jobs WHERE {_WAITS} AND jobs.tenant = waiting.tenant
            ORDER BY urgency, created_at LIMIT 1) AS plan
    FROM waiting WHERE tenant IS NOT NULL
""")  # noqa: S608 - the only text put in is the constant above
_FIRST = text(
    f"SELECT id FROM jobs WHERE {_WAITS} AND tenant = :tenant ORDER BY urgency, created_at LIMIT :count"  # noqa: S608
)
_NEWS = text(
    f"SELECT EXISTS (SELECT 1 FROM jobs WHERE {_WAITS}),"  # noqa: S608
    " EXISTS (SELECT 1 FROM jobs WHERE webhook IS NOT NULL AND announced = false AND finished_at IS NOT NULL)"
)
_UNANNOUNCED = text(
    "SELECT id FROM jobs WHERE webhook IS NOT NULL AND announced = false AND finished_at IS NOT NULL LIMIT 100"
)
_MOVE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.state == State.RUNNING)
    .values(progress=bindparam("reached"), step=bindparam("note"))
)


class Waiting(Struct, frozen=True):
    """A tenant with jobs that wait.

    Fields:
        tenant: who it is.
        running: how many of its jobs run.
        started_at: when the last one was started, as stored.
        limit: how many may run, by the plan of the job that is next; None: it has no limit.
    """

    tenant: str
    running: int
    started_at: int | None
    limit: int | None = None

    def most(self, limit: int | None) -> int | None:
        """Return how many of its jobs may run where all tenants have this limit."""
        return min((each for each in (limit, self.limit) if each is not None), default=None)


class News(NamedTuple):
    """Whether jobs wait to be started, and whether ends of jobs wait to be announced."""

    waiting: bool
    ended: bool


class Reached(NamedTuple):
    """How far a job is: from 0 to 1, and what is being done."""

    progress: float
    step: str | None


def turns(waiting: Collection[Waiting], places: int, limit: int | None) -> Mapping[str, int]:
    """Share places among tenants: each goes to who has the fewest jobs running, then to who waited longest.

    Args:
        waiting: the tenants.
        places: how many jobs may be started.
        limit: jobs of one tenant that may run at once, whatever its plan.

    Returns:
        How many jobs of which tenant to start.
    """
    running = {each.tenant: each.running for each in waiting}
    last = {each.tenant: each.started_at or 0 for each in waiting}
    most = {each.tenant: each.most(limit) for each in waiting}
    given: Counter[str] = Counter()
    after = max(last.values(), default=0)
    for turn in range(places):
        open_ = [tenant for tenant in running if (own := most[tenant]) is None or running[tenant] < own]
        if not open_:
            break
        chosen = min(open_, key=lambda tenant: (running[tenant], last[tenant], tenant))
        given[chosen] += 1
        running[chosen] += 1
        last[chosen] = after + turn + 1
    return given


class Queue:
    """The jobs that wait, as one process sees them.

    Args:
        database: the database.
        node: the process, as `nodes` has it.
        limit: jobs of one tenant that may run at once, in all processes together.
        plans: those of the jobs' keys; the plan of a tenant's next job may allow fewer.
    """

    def __init__(self, database: Database, node: str, limit: int | None, plans: Plans | None = None) -> None:
        self._database = database
        self._node = node
        self._limit = limit
        self._plans = plans.by_name if plans is not None else {}

    async def news(self) -> News:
        """Look whether there is anything to do. It is a read of two indexes."""
        return await self._database.read(lambda connection: News(*connection.execute(_NEWS).one()))

    async def claim(self, places: int) -> Sequence[JobRow]:
        """Take jobs that wait, as many as there are places; they run in this process from now on."""

        def take(connection: Connection) -> Sequence[JobRow]:
            if connection.dialect.name == "postgresql":  # two that count at once would both take the last place
                connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
            taken: list[JobRow] = []
            while len(taken) < places and (found := self._take(connection, places - len(taken))):
                taken.extend(found)
            return taken

        return await self._database.run(take)

    def _take(self, connection: Connection, places: int) -> Sequence[JobRow]:
        waiting = [
            Waiting(tenant, running, started_at, self._allowed(plan))
            for tenant, running, started_at, plan in connection.execute(_TENANTS)
        ]
        ids: list[str] = []
        for tenant, count in turns(waiting, places, self._limit).items():
            ids += connection.execute(_FIRST, {"tenant": tenant, "count": count}).scalars()
        if not ids:
            return []
        now = to_stored(datetime.now(UTC))
        statement = (
            update(jobs)
            .where(jobs.c.id.in_(ids))
            .values(
                state=State.RUNNING,
                node=self._node,
                attempts=jobs.c.attempts + 1,
                started_at=func.coalesce(jobs.c.started_at, now),
            )
            .returning(jobs)
        )
        taken = read_jobs(connection, statement)
        return sorted(taken, key=lambda row: ids.index(row.id))

    def _allowed(self, plan: str | None) -> int | None:
        found = self._plans.get(plan) if plan is not None else None
        return None if found is None else found.concurrent_jobs

    async def advance(self, reached: Mapping[str, Reached]) -> None:
        """Write down how far jobs are that run."""
        rows = [{"job": job, "reached": at.progress, "note": at.step} for job, at in reached.items()]
        await self._database.run(lambda connection: connection.execute(_MOVE, rows))

    async def gone(self, ids: Collection[str]) -> Collection[str]:
        """Return those of some jobs that this process should not run any more: they ended, or another has them."""
        query = select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.state == State.RUNNING, jobs.c.node == self._node)
        mine = await self._database.read(lambda connection: set(connection.execute(query).scalars()))
        return set(ids) - mine

    async def hand_back(self, ids: Collection[str]) -> None:
        """Let jobs that this process runs be as if it had not begun them: they count no attempt."""
        statement = (
            update(jobs)
            .where(jobs.c.id.in_(ids), jobs.c.state == State.RUNNING, jobs.c.node == self._node)
            .values(attempts=jobs.c.attempts - 1)
        )
        await self._database.run(lambda connection: connection.execute(statement))

    async def left_by(self, node: str) -> Mapping[str, int]:
        """Return the jobs that a process ran, each with the number of its attempt."""
        query = select(jobs.c.id, jobs.c.attempts).where(jobs.c.state == State.RUNNING, jobs.c.node == node)
        return await self._database.read(lambda connection: {row.id: row.attempts for row in connection.execute(query)})

    async def unannounced(self) -> Sequence[str]:
        """Return jobs whose end has not been announced to their webhook."""
        return await self._database.read(lambda connection: connection.execute(_UNANNOUNCED).scalars().all())

    async def announced(self, ids: Collection[str]) -> None:
        """Write down that the ends of jobs are being announced."""
        statement = update(jobs).where(jobs.c.id.in_(ids)).values(announced=True)
        await self._database.run(lambda connection: connection.execute(statement))

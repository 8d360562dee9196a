"""The end of a job: its state, what it made and what goes with it change in one transaction, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from filemill_server.jobs.rows import KEEP, LIVE, PART, State
from filemill_server.jobs.terms import Term, term_of
from filemill_server.jobs.work import Assembly, Order, Work, decode_order
from filemill_server.tables import files, jobs, to_stored

# Made once: making a statement takes longer than running it.
_FILE = insert(files)
_TERM = update(files).where(files.c.id == bindparam("file")).values(expires_at=bindparam("end"))
_OF_BATCH_START = select(func.min(PART.c.started_at))
_PARENT = select(jobs.c.parent).where(jobs.c.id == bindparam("job"))
_HOLD = select(jobs.c.id).where(jobs.c.id == bindparam("job")).with_for_update()
_BEFORE = (
    select(jobs.c.request, jobs.c.parts, jobs.c.parts_left)
    .where(jobs.c.id == bindparam("job"), jobs.c.state.in_(LIVE))
    .with_for_update()
)
_PART_ENDED = update(jobs).where(jobs.c.id == bindparam("job")).values(parts_left=jobs.c.parts_left - 1)


def end_job(
    connection: Connection,
    id: str,
    state: State,
    made: Sequence[Mapping[str, Any]],
    term: Term | None,
    values: Mapping[str, object],
) -> bool:
    """End a job, in a transaction.

    Args:
        connection: of the transaction.
        id: of the job.
        state: a final one.
        made: rows of the files that it made, whose bytes are in the store.
        term: of files that others made.
        values: further columns.

    Returns:
        False if it ended before; nothing changes then.
    """
    parent = connection.execute(_PARENT, {"job": id}).scalar_one_or_none()
    if parent is not None:  # always first: two that hold a batch and its part each would wait for one another
        connection.execute(_HOLD, {"job": parent})
    before = connection.execute(_BEFORE, {"job": id}).one_or_none()
    if before is None:
        return False
    now = datetime.now(UTC)
    order = decode_order(before.request)
    owned = _owned(order)
    if before.parts_left:
        owned += _cancel_parts(connection, id, now)
    if made:
        connection.execute(_FILE, _kept(order, made, now))
    if isinstance(order, Assembly) and state is State.CANCELLED:
        results = connection.execute(select(jobs.c.result).where(jobs.c.parent == id, jobs.c.result.is_not(None)))
        term = term_of(order, map(msgspec.json.decode, results.scalars()), now)
    if term is not None and term.files:
        connection.execute(_TERM, [{"file": file, "end": term.stored_end} for file in term.files])
    # A part goes with its batch, which asks for its result.
    expires = None if parent is not None else to_stored(now + KEEP)
    ending: dict[str, object] = {"state": state, "finished_at": to_stored(now), "expires_at": expires, "step": None}
    if before.parts:
        connection.execute(update(jobs).where(jobs.c.parent == id).values(expires_at=expires))
        ending["started_at"] = _OF_BATCH_START.where(PART.c.parent == id).scalar_subquery()
    # The request goes: it may hold what opens a source or a document.
    connection.execute(update(jobs).where(jobs.c.id == id).values(**ending, request=None, **values))
    if owned:
        connection.execute(_TERM, [{"file": file, "end": to_stored(now)} for file in owned])
    if parent is not None:
        connection.execute(_PART_ENDED, {"job": parent})
    return True


def _cancel_parts(connection: Connection, batch: str, now: datetime) -> list[str]:
    """Cancel the parts of a batch that have not ended, all at once, and return the uploads that were theirs."""
    live = and_(jobs.c.parent == batch, jobs.c.state.in_(LIVE))
    requests = connection.execute(select(jobs.c.request).where(live).with_for_update()).scalars().all()
    ending = {"state": State.CANCELLED, "finished_at": to_stored(now), "step": None, "request": None}
    connection.execute(update(jobs).where(live).values(ending))
    connection.execute(update(jobs).where(jobs.c.id == batch).values(parts_left=0))
    return [file for request in requests for file in _owned(decode_order(request))]


def _owned(order: Order) -> list[str]:
    """Return the uploads that go with a job."""
    return [*order.files, *order.parts.values()] if isinstance(order, Work) else list(order.uploads)


def _kept(order: Order, made: Sequence[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """Return the rows of what a job made, whose time may begin with its end."""
    if not isinstance(order, Work) or not order.from_end or order.output.ttl_seconds is None:
        return list(made)
    end = to_stored(now.replace(microsecond=0) + timedelta(seconds=order.output.ttl_seconds))
    return [{**row, "expires_at": end} for row in made]

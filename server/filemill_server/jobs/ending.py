"""The end of a job: its state, what it made and what goes with it change in one transaction, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from filemill_server.jobs.rows import KEEP, LIVE, PART, State
from filemill_server.jobs.terms import Term, term_of
from filemill_server.jobs.texts import JobTexts
from filemill_server.jobs.work import Assembly, Order, Work
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


class Ending(Struct, frozen=True):
    """The end of a job.

    Fields:
        id: of the job.
        state: a final one.
        made: rows of the files that it made, whose bytes are in the store.
        term: of files that others made.
        values: further columns.
    """

    id: str
    state: State
    made: Sequence[Mapping[str, Any]]
    term: Term | None
    values: Mapping[str, object]


def end_job(connection: Connection, ending: Ending, texts: JobTexts) -> bool:
    """End a job, in a transaction; False if it ended before: nothing changes then."""
    state, made, term = ending.state, ending.made, ending.term
    parent = connection.execute(_PARENT, {"job": ending.id}).scalar_one_or_none()
    if parent is not None:  # always first: two that hold a batch and its part each would wait for one another
        connection.execute(_HOLD, {"job": parent})
    before = connection.execute(_BEFORE, {"job": ending.id}).one_or_none()
    if before is None:
        return False
    now = datetime.now(UTC)
    order = texts.order(before.request, ending.id)
    owned = _owned(order)
    if before.parts_left:
        owned += _cancel_parts(connection, ending.id, now, texts)
    if made:
        connection.execute(_FILE, _kept(order, made, now))
    if isinstance(order, Assembly) and state is State.CANCELLED:
        of_parts = select(jobs.c.result, jobs.c.id).where(jobs.c.parent == ending.id, jobs.c.result.is_not(None))
        results = [texts.open(*row) for row in connection.execute(of_parts).all()]
        term = term_of(order, [msgspec.json.decode(result) for result in results if result is not None], now)
    if term is not None and term.files:
        connection.execute(_TERM, [{"file": file, "end": term.stored_end} for file in term.files])
    # A part goes with its batch, which asks for its result.
    expires = None if parent is not None else to_stored(now + KEEP)
    columns: dict[str, object] = {"state": state, "finished_at": to_stored(now), "expires_at": expires, "step": None}
    if before.parts:
        connection.execute(update(jobs).where(jobs.c.parent == ending.id).values(expires_at=expires))
        columns["started_at"] = _OF_BATCH_START.where(PART.c.parent == ending.id).scalar_subquery()
    # The request goes: it may hold what opens a source or a document.
    connection.execute(update(jobs).where(jobs.c.id == ending.id).values(**columns, request=None, **ending.values))
    if owned:
        connection.execute(_TERM, [{"file": file, "end": to_stored(now)} for file in owned])
    if parent is not None:
        connection.execute(_PART_ENDED, {"job": parent})
    return True


def _cancel_parts(connection: Connection, batch: str, now: datetime, texts: JobTexts) -> list[str]:
    """Cancel the parts of a batch that have not ended, all at once, and return the uploads that were theirs."""
    live = and_(jobs.c.parent == batch, jobs.c.state.in_(LIVE))
    requests = connection.execute(select(jobs.c.request, jobs.c.id).where(live).with_for_update()).all()
    ending = {"state": State.CANCELLED, "finished_at": to_stored(now), "step": None, "request": None}
    connection.execute(update(jobs).where(live).values(ending))
    connection.execute(update(jobs).where(jobs.c.id == batch).values(parts_left=0))
    return [file for request, job in requests for file in _owned(texts.order(request, job))]


def _owned(order: Order | None) -> list[str]:
    """Return the uploads that go with a job; of one that can't be read they end in their own time."""
    if order is None:
        return []
    return [*order.files, *order.parts.values()] if isinstance(order, Work) else list(order.uploads)


def _kept(order: Order | None, made: Sequence[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """Return the rows of what a job made, whose time may begin with its end."""
    if not isinstance(order, Work) or not order.from_end or order.output.ttl_seconds is None:
        return list(made)
    end = to_stored(now.replace(microsecond=0) + timedelta(seconds=order.output.ttl_seconds))
    return [{**row, "expires_at": end} for row in made]

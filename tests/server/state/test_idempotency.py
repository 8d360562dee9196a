"""Answers kept under a caller's key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.idempotency import Idempotency, Stored
from filemill_server.tables import idempotency as table
from filemill_server.tables import to_stored

pytestmark = pytest.mark.anyio

PLACE = ("shop", "POST", "/v1/resize", "key-1")
ANSWER = Stored(200, {"Vary": "Accept", "X-Text": "é"}, b"\x00body", "asset-1")


@pytest.fixture
def answers(database: Database) -> Idempotency:
    """Answers in an empty database."""
    return Idempotency(database, "process-1")


async def refusal(answers: Idempotency, fingerprint: str) -> FilemillError:
    """Return the error of a beginning."""
    with pytest.raises(FilemillError) as caught:
        await answers.begin(*PLACE, fingerprint)
    return caught.value


async def test_answer_is_given_again(answers: Idempotency) -> None:
    """NC-04: the same request gets the stored status, headers and body."""
    assert await answers.begin(*PLACE, "f") is None
    await answers.finish(*PLACE, ANSWER)
    assert await answers.begin(*PLACE, "f") == ANSWER
    assert await answers.begin(*PLACE, "f") == ANSWER


async def test_running_request_is_a_conflict(answers: Idempotency, database: Database) -> None:
    """NC-04, NC-03: while the first one runs, here or in another process, it is 409 with Retry-After."""
    assert await answers.begin(*PLACE, "f") is None
    for asking in (answers, Idempotency(database, "process-2")):
        error = await refusal(asking, "f")
        assert (error.code, error.retry_after) == (ErrorCode.CONFLICT, 1)


async def test_other_request_is_refused(answers: Idempotency) -> None:
    """NC-04: another body under the same key is 422, while the first runs and afterwards."""
    await answers.begin(*PLACE, "f")
    assert (await refusal(answers, "g")).faults[0].pointer == "Idempotency-Key"
    await answers.finish(*PLACE, ANSWER)
    assert (await refusal(answers, "g")).code is ErrorCode.INVALID_PARAMETER


async def test_answer_is_kept_as_long_as_asked(answers: Idempotency) -> None:
    """IX-33: an answer may be kept for another time than the usual one; after it the key is free."""
    assert await answers.begin(*PLACE, "f") is None
    await answers.finish(*PLACE, ANSWER, timedelta(0))
    assert await answers.begin(*PLACE, "g") is None


async def test_answer_is_forgotten(answers: Idempotency) -> None:
    """IX-33: an answer whose asset has gone is forgotten, but not a newer one that took its place."""
    newer = Stored(200, {}, b"newer")
    assert await answers.begin(*PLACE, "f") is None
    await answers.finish(*PLACE, newer)
    await answers.forget(*PLACE, ANSWER)
    assert await answers.begin(*PLACE, "f") == newer
    await answers.forget(*PLACE, newer)
    assert await answers.begin(*PLACE, "f") is None


@pytest.mark.parametrize("part", range(4))
async def test_scope(answers: Idempotency, part: int) -> None:
    """NC-04: tenant, method, path and key together are what is remembered."""
    await answers.begin(*PLACE, "f")
    other = list(PLACE)
    other[part] += "x"
    assert await answers.begin(other[0], other[1], other[2], other[3], "f") is None


async def test_failed_request_can_be_tried_again(answers: Idempotency) -> None:
    """A request that failed lets go of its key; an answer that is kept stays."""
    await answers.begin(*PLACE, "f")
    await answers.release(*PLACE)
    assert await answers.begin(*PLACE, "g") is None
    await answers.finish(*PLACE, ANSWER)
    await answers.release(*PLACE)
    assert await answers.begin(*PLACE, "g") == ANSWER


async def test_one_of_many_goes_on(answers: Idempotency) -> None:
    """Of twenty equal requests at the same moment one is worked on."""
    outcomes = await asyncio.gather(*(answers.begin(*PLACE, "f") for _ in range(20)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, FilemillError) for outcome in outcomes if outcome is not None)


async def test_first_of_two_that_comes_late(answers: Idempotency, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two equal requests the second may be the first at the database; the other does not free its key then."""
    run, goes_on = answers._database.run, asyncio.Event()
    waiting = [goes_on]

    async def late(work: Callable[[Connection], object]) -> object:
        if waiting:
            await waiting.pop().wait()
        return await run(work)

    monkeypatch.setattr(answers._database, "run", late)
    first = asyncio.create_task(answers.begin(*PLACE, "f"))
    await asyncio.sleep(0)
    assert await answers.begin(*PLACE, "f") is None
    goes_on.set()
    with pytest.raises(FilemillError) as caught:
        await first
    assert caught.value.code is ErrorCode.CONFLICT


async def test_keys_of_dead_processes_are_freed(answers: Idempotency, database: Database) -> None:
    """What a process held that died is free again; what it finished, and what others hold, stays."""
    await answers.begin(*PLACE, "f")
    other = Idempotency(database, "process-2")
    await other.begin("shop", "POST", "/", "k", "f")
    await answers.begin("shop", "POST", "/done", "k", "f")
    await answers.finish("shop", "POST", "/done", "k", ANSWER)
    await other.free(["process-1", "process-0"])
    await other.free([])
    assert await other.begin(*PLACE, "f") is None
    assert await other.begin("shop", "POST", "/done", "k", "f") == ANSWER
    with pytest.raises(FilemillError):
        await answers.begin("shop", "POST", "/", "k", "f")


async def test_late_finish_does_not_overwrite(answers: Idempotency, database: Database) -> None:
    """A request whose key another process has taken over leaves that one's hold alone."""
    await answers.begin(*PLACE, "f")
    other = Idempotency(database, "process-2")
    await other.free(["process-1"])
    await other.begin(*PLACE, "f")
    await answers.finish(*PLACE, ANSWER)
    await answers.release(*PLACE)
    assert (await refusal(other, "f")).code is ErrorCode.CONFLICT


async def test_answers_are_kept_for_a_day(answers: Idempotency, database: Database) -> None:
    """NC-04: an answer is given again for 24 hours, and then the key is fresh, swept or not."""
    await answers.begin(*PLACE, "f")
    await answers.finish(*PLACE, ANSWER)
    now = datetime.now(UTC)
    await answers.sweep(now + timedelta(hours=23, minutes=59))
    assert await answers.begin(*PLACE, "f") == ANSWER
    passed = update(table).values(expires_at=to_stored(now))
    await database.run(lambda connection: connection.execute(passed))
    assert await answers.begin(*PLACE, "g") is None
    await answers.sweep(now + timedelta(hours=25))
    assert await database.read(lambda connection: connection.execute(select(func.count(table.c.scope))).scalar()) == 0


async def test_holds_end_by_age(answers: Idempotency, database: Database) -> None:
    """A hold of a process that nobody knows ends after a quarter of an hour."""
    await answers.begin(*PLACE, "f")
    await answers.sweep(datetime.now(UTC) + timedelta(minutes=14))
    assert (await refusal(answers, "f")).code is ErrorCode.CONFLICT
    await answers.sweep(datetime.now(UTC) + timedelta(minutes=16))
    assert await answers.begin(*PLACE, "f") is None

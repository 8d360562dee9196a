"""How many jobs a process takes: what its workers need, and nothing that another process could begin at once."""

from __future__ import annotations

import asyncio

import pytest

from filemill_server.jobs.pace import Pace, Places


class Clocked:
    """A pace of two workers whose time passes as told."""

    def __init__(self, most: int | None = None) -> None:
        self.now = 0.0
        self.pace = Pace(2, most, clock=lambda: self.now)

    def job(self, work: float, brought: float = 0.0) -> None:
        """Let a job be done."""
        with self.pace.bringing():
            self.now += brought
        with self.pace.working():
            self.now += work


@pytest.fixture
def clocked() -> Clocked:
    """A process with two workers for jobs."""
    return Clocked()


def test_nothing_is_hoarded_before_the_first_end(clocked: Clocked) -> None:
    """Who knows nothing of the jobs leaves to other processes what they could begin."""
    assert clocked.pace.places() == 2


def test_short_jobs_are_taken_ahead(clocked: Clocked) -> None:
    """Half a second of work for each worker, and sixteen jobs at most."""
    clocked.job(0.2)
    assert clocked.pace.places() == 2 * 3
    for _ in range(8):
        clocked.job(0.005)
    assert clocked.pace.places() == 2 * 16


def test_long_jobs_are_left_to_others(clocked: Clocked) -> None:
    """One long job among short ones is enough, also while it is at work."""
    for _ in range(8):
        clocked.job(0.005)
    with clocked.pace.working():
        clocked.now += 2
        assert clocked.pace.places() == 2
    for _ in range(7):
        clocked.job(0.005)
    assert clocked.pace.places() == 2
    clocked.job(0.005)
    assert clocked.pace.places() == 32


def test_slow_inputs_are_brought_side_by_side(clocked: Clocked) -> None:
    """Inputs of ten seconds for two of work: five come while one is worked on."""
    clocked.job(2, brought=10)
    assert clocked.pace.places() == 2 * 6


def test_most_is_the_operators() -> None:
    """The setting is a limit, not an aim."""
    clocked = Clocked(most=3)
    assert clocked.pace.places() == 2
    clocked.job(0.001)
    assert clocked.pace.places() == 3
    assert Pace(2, most=1).places() == 1


def test_slow_job_holds_up_no_other(clocked: Clocked) -> None:
    """One whose source does not come, or that waits to try again, keeps neither places nor halves of them."""
    places = Places(clocked.pace)
    places.take(2)
    with clocked.pace.bringing(), clocked.pace.pausing():
        assert places.due() == 0
        clocked.now += 1.5
        assert (places.free(), places.due()) == (2, 2)
        places.take(2)
        assert places.due() == 0
    assert places.free() == 0


def test_slow_jobs_are_no_more_than_the_most() -> None:
    """Sources that never come hold all places in the end, and not more."""
    clocked = Clocked(most=3)
    places = Places(clocked.pace)
    places.take(3)
    with clocked.pace.bringing(), clocked.pace.bringing(), clocked.pace.bringing():
        clocked.now += 60
        assert places.free() == 0


def test_places_are_filled_by_halves(clocked: Clocked) -> None:
    """Jobs that are taken at once share their costs: none is taken before half of the places are free."""
    clocked.job(0.2)
    places = Places(clocked.pace)
    assert places.due() == 6
    places.take(6)
    places.give(2)
    assert (places.free(), places.due()) == (2, 0)
    places.give(1)
    assert places.due() == 3


@pytest.mark.anyio
async def test_who_waits_for_a_place_gets_it_in_turn(clocked: Clocked) -> None:
    """A job that was taken over begins before what is new, and one that is not wanted any more holds up nobody."""
    places = Places(clocked.pace)
    places.take(2)
    order: list[str] = []

    async def begin(name: str) -> None:
        await places.wait()
        order.append(name)

    waiting = [asyncio.create_task(begin(name)) for name in ("first", "given up", "second")]
    await asyncio.sleep(0)
    assert places.free() == 0
    waiting[1].cancel()
    places.give(1)
    assert places.free() == 0, "the second one still waits"
    places.give(1)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["first", "second"]
    assert places.free() == 0
    places.give(2)
    assert places.free() == 2
    await places.wait()
    assert places.free() == 1


@pytest.mark.anyio
async def test_who_waits_is_let_in_when_another_one_is_slow(clocked: Clocked) -> None:
    """A look at the queue is the moment at which that is seen."""
    places = Places(clocked.pace)
    places.take(2)
    waiting = asyncio.create_task(places.wait())
    await asyncio.sleep(0)
    with clocked.pace.bringing():
        clocked.now += 1.5
        places.admit()
        await waiting
    places.give(3)
    assert places.free() == 2


@pytest.mark.anyio
async def test_place_that_comes_too_late_goes_to_the_next(clocked: Clocked) -> None:
    """It was given in the moment in which who waited gave up."""
    places = Places(clocked.pace)
    places.take(2)
    waiting = asyncio.create_task(places.wait())
    await asyncio.sleep(0)
    places.give(1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert places.free() == 1

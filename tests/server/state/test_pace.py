"""How many jobs a process takes: what its workers need, and nothing that another process could begin at once."""

from __future__ import annotations

import pytest

from filemill_server.jobs.pace import Pace


class Clocked:
    """A pace of two workers whose time passes as told."""

    def __init__(self, most: int | None = None) -> None:
        self.now = 0.0
        self.pace = Pace(2, most, clock=lambda: self.now)

    def job(self, work: float, brought: float = 0.0) -> None:
        """Let a job be done."""
        self.pace.brought(brought)
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

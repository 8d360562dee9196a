"""What the targets share: everything installed, and coroutines that never wait."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

from filemill.limits import Limits
from filemill.registry import Registry, load_registry

R = TypeVar("R")


@cache
def registry() -> Registry:
    """Return everything that is installed, started as in a worker."""
    made = load_registry()
    assert not made.failures, made.failures
    made.startup(Limits())
    return made


def finished(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that waits for nothing, without the cost of an event loop."""
    try:
        work.send(None)
    except StopIteration as stop:
        done: R = stop.value
        return done
    work.close()
    raise AssertionError("it waits for something")

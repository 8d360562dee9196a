"""A plugin of the tests that brings two dialects, and one that breaks while it does."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import hookimpl


@hookimpl
def filemill_dialects() -> Sequence[object]:
    """Bring the two: their module needs the server, which a worker process has not loaded."""
    from spoken_dialects import DIALECTS

    return DIALECTS


class Broken:
    """Raises where it should bring dialects."""

    @hookimpl
    def filemill_dialects(self) -> Sequence[object]:
        """Fail."""
        raise RuntimeError("this plugin can't speak")


broken = Broken()

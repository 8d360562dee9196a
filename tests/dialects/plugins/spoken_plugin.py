"""A plugin of the tests that brings dialects, one of them from the documentation; and one that breaks while it does."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import hookimpl


@hookimpl
def filemill_dialects() -> Sequence[object]:
    """Bring the two: their module needs the server, which a worker process has not loaded."""
    from spoken_dialects import DIALECTS
    from squares import SQUARES

    return [*DIALECTS, SQUARES]


class Broken:
    """Raises where it should bring dialects."""

    @hookimpl
    def filemill_dialects(self) -> Sequence[object]:
        """Fail."""
        raise RuntimeError("this plugin can't speak")


broken = Broken()

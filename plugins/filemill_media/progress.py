"""Progress, as FFmpeg reports it."""

from __future__ import annotations

from filemill import Context

_STEPS = 1000


class Progress:
    """Tells a task's progress from the lines of `-progress`.

    Args:
        context: is told.
        total: what the result is to last, seconds; None: it is not known, and nothing is told.
        note: what is being done.
        part: which part of how many this run is.
    """

    def __init__(self, context: Context, total: float | None, note: str = "", part: tuple[int, int] = (0, 1)) -> None:
        self._context = context
        self._total = total
        self._note = note
        self._part = part

    def tell(self, line: str) -> None:
        """Take a line of FFmpeg's."""
        name, _, value = line.partition("=")
        # FFmpeg calls both of them so, and both are microseconds; before the first frame there are none.
        if name != "out_time_us" or not self._total or not value.isdigit():
            return
        number, parts = self._part
        share = min(1.0, int(value) / 1_000_000 / self._total)
        self._context.progress(round(_STEPS * (number + share) / parts), _STEPS, self._note)

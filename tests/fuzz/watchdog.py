"""Ends an input that takes too long, and keeps the one at work in a file, should the process end with it."""

from __future__ import annotations

import faulthandler
import mmap
import signal
import sys
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

STUCK_SECONDS = 5.0
"""CPU time of one input: what has not answered by then is taken never to answer."""
_DEAD_SECONDS = 120.0  # what does not even listen to a signal by then; twice what a decoder may take
_LENGTH_BYTES = 8


class Stuck(BaseException):
    """An input took too long."""


class Watchdog:
    """Watches one input after another. For the main thread only.

    Args:
        path: where the present input is kept; the file is gone once all went well.
        longest: bytes of an input.
    """

    def __init__(self, path: Path, longest: int) -> None:
        self._path = path
        self._size = _LENGTH_BYTES + longest
        self._renewed = 0.0

    def __enter__(self) -> Self:
        with self._path.open("wb") as stream:
            stream.truncate(self._size)
        with self._path.open("r+b") as stream:
            self._present = mmap.mmap(stream.fileno(), self._size)
        self._other = signal.signal(signal.SIGPROF, _stuck)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGPROF, self._other)
        self._present.close()
        self._path.unlink()

    def begin(self, data: bytes) -> None:
        """Begin with an input."""
        self._present[: _LENGTH_BYTES + len(data)] = len(data).to_bytes(_LENGTH_BYTES, "big") + data
        now = time.monotonic()
        if now - self._renewed > 1:  # it starts a thread, which takes longer than most inputs
            self._renewed = now
            faulthandler.dump_traceback_later(_DEAD_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
        signal.setitimer(signal.ITIMER_PROF, STUCK_SECONDS)

    def end(self) -> None:
        """The input has been dealt with."""
        signal.setitimer(signal.ITIMER_PROF, 0)


def read_left(path: Path) -> bytes:
    """Return the input that was at work when a process ended."""
    kept = path.read_bytes()
    return kept[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(kept[:_LENGTH_BYTES], "big")]


def _stuck(number: int, frame: FrameType | None) -> None:
    raise Stuck(f"no answer after {STUCK_SECONDS:g} s of CPU time")

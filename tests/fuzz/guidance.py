"""Tells whether an input went where none went before: by the pairs of lines that follow each other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

PRODUCT = ("filemill", "filemill_archive", "filemill_image", "filemill_media", "filemill_office", "filemill_pdf")
SERVER = ("filemill", "filemill_server")
_LINES = 20  # bits of a line's number
_Trace = Callable[[FrameType, str, Any], Any]


class Guide:
    """Watches the lines of some packages while it is entered.

    Args:
        packages: their names; what other code does is not looked at, and costs little.

    Attributes:
        found: whether something new was seen since it was entered last.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self.found = False
        self._folders = tuple(map(_place, packages))
        self._pairs: set[tuple[int, int]] = set()
        self._numbers: dict[CodeType, int] = {}
        self._before = 0
        self._other: Any = None

    @property
    def pairs(self) -> int:
        """How many pairs of lines were seen."""
        return len(self._pairs)

    def __enter__(self) -> None:
        self.found = False
        self._before = 0
        self._other = sys.gettrace()
        sys.settrace(self._called)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(self._other)

    def _called(self, frame: FrameType, event: str, argument: object) -> _Trace | None:
        code = frame.f_code
        number = self._numbers.get(code)
        if number is None:
            ours = code.co_filename.startswith(self._folders)
            number = self._numbers[code] = (len(self._numbers) + 1) << _LINES if ours else 0
        return self._stepped if number else None

    def _stepped(self, frame: FrameType, event: str, argument: object) -> _Trace:
        if event == "line":
            here = self._numbers[frame.f_code] + frame.f_lineno
            pair = (self._before, here)
            if pair not in self._pairs:
                self._pairs.add(pair)
                self.found = True
            self._before = here
        return self._stepped


def _place(package: str) -> str:
    spec = find_spec(package)
    assert spec is not None, package
    if spec.submodule_search_locations:
        return f"{next(iter(spec.submodule_search_locations))}/"
    assert spec.origin is not None, package
    return str(Path(spec.origin))

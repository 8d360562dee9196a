"""A file on disk that a body is streamed into without holding up the event loop."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from filemill.errors import ErrorCode, FilemillError
from filemill_server.plans.sizes import allowed

_IN_PLACE = 8 << 20  # bytes written as they come: to the page cache, which takes less than the way to a thread
_BATCH = 1 << 20  # bytes after these are gathered, so many a write in a thread: the disk may hold it up


def too_large(limit: int, what: str = "The body") -> FilemillError:
    """Make the error for more bytes than the limit."""
    return FilemillError(ErrorCode.FILE_TOO_LARGE, f"{what} has more than the {allowed(limit)}.")


class Spool:
    """An exclusive new file that takes at most `limit` bytes. Use as a context manager.

    Attributes:
        path: where it is.
        size: bytes taken so far.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0

    def __enter__(self) -> Self:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._parts:
            self._write_held()
        os.close(self._descriptor)

    async def write(self, data: bytes) -> None:
        """Take more bytes; `FILE_TOO_LARGE` past the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise too_large(self._limit)
        if self.size <= _IN_PLACE:
            self._write(data)
            return
        self._parts.append(data)
        self._held += len(data)
        if self._held >= _BATCH:
            await asyncio.to_thread(self._write_held)

    def _write_held(self) -> None:
        self._write(b"".join(self._parts))
        self._parts.clear()
        self._held = 0

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

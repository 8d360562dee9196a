"""How much an archive may give: what it says of itself is not believed."""

from __future__ import annotations

from filemill import ErrorCode, File, FilemillError, Limits

_LEAST_BYTES = 1 << 20
_ENTRY_BYTES = 512
"""What an entry costs beside its name and content: as much as the header of tar."""
_ENTRIES_AN_OUTPUT = 100
"""How many entries may be looked at or packed anew for each file that a task may give."""


class Growth:
    """Bounds what is unpacked by the size of what was given.

    Args:
        given: the archive.
        limits: say how many times as much it may be, and how many entries.

    Attributes:
        entries: how many were counted.
        unpacked: bytes of files that were counted.
    """

    def __init__(self, given: File, limits: Limits) -> None:
        self._name = given.name
        self._factor = limits.max_growth
        self._left = limits.max_growth * max(given.size, _LEAST_BYTES)
        self._most_entries = _ENTRIES_AN_OUTPUT * limits.max_outputs
        self.entries = 0
        self.unpacked = 0

    def add(self, size: int) -> None:
        """Count what was unpacked of a file.

        Raises:
            FilemillError: `INVALID_FILE` where all together are over the limit.
        """
        self.unpacked += size
        self._take(size)

    def add_entry(self, name: str) -> None:
        """Count an entry.

        Raises:
            FilemillError: `INVALID_FILE` as above, or where there are too many.
        """
        self.entries += 1
        if self.entries > self._most_entries:
            reason = f"{self._name!r} has more than {self._most_entries} entries."
            raise FilemillError(ErrorCode.INVALID_FILE, reason)
        self._take(_ENTRY_BYTES + len(name))

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            reason = f"{self._name!r} unpacks to more than {self._factor} times its size (of at least 1 MiB)."
            raise FilemillError(ErrorCode.INVALID_FILE, reason)

"""The kind `Archive`."""

from __future__ import annotations

from filemill import Facts, File
from filemill_archive.growth import Growth


class Archive:
    """An archive on disk.

    What is in it is known once it was read or written: to know it, most would have to be unpacked.

    Attributes:
        file: the file.
        entries: how many files, folders and links are in it; None: not known yet.
        unpacked: bytes of its files; None: not known yet.
    """

    def __init__(self, file: File, entries: int | None = None, unpacked: int | None = None) -> None:
        self.file = file
        self.entries = entries
        self.unpacked = unpacked

    def learn(self, growth: Growth) -> None:
        """Take what was counted while all of it was read."""
        self.entries, self.unpacked = growth.entries, growth.unpacked

    @property
    def facts(self) -> Facts:
        """How much is in it, where that is known."""
        return {} if self.entries is None else {"entries": self.entries, "unpackedBytes": self.unpacked}

"""The kind `Archive`."""

from __future__ import annotations

from dataclasses import dataclass

from filemill import Facts, File


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive on disk.

    Attributes:
        file: the file.
        entries: how many files, folders and links are in it; None: to know it, all would have to be unpacked.
        unpacked: bytes of its files, as they stand in its headers; None: as above.
    """

    file: File
    entries: int | None = None
    unpacked: int | None = None

    @property
    def facts(self) -> Facts:
        """What is known without unpacking."""
        return {} if self.entries is None else {"entries": self.entries, "unpackedBytes": self.unpacked}

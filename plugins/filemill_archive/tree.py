"""The tree of an archive's entries: what lies where, so that none takes another's place or goes through a link."""

from __future__ import annotations

from filemill_archive.entries import Entry, Kind
from filemill_archive.names import Refused, check_link, shown

_KINDS = {Kind.DEVICE: "is a device", Kind.PIPE: "is a named pipe or a socket"}


class Tree:
    """Takes entries in their order."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._told: set[str] = set()  # folders that had an entry

    def add(self, entry: Entry) -> bool:
        """Add an entry; return whether it is new: a folder may be there more than once.

        Raises:
            Refused: it can't lie there, or is nothing that an archive should have.
        """
        if entry.kind in _KINDS:
            raise Refused(_KINDS[entry.kind])
        if not entry.path:
            if entry.kind is Kind.FOLDER:
                return False
            raise Refused("has no name")
        self._check_parents(entry.path)
        if entry.kind is Kind.FOLDER:
            return self._add_folder(entry.path)
        if entry.path in self._kinds:
            raise Refused("is there twice")
        if entry.kind is Kind.LINK:
            check_link(entry.path, entry.target)
        elif entry.kind is Kind.HARD_LINK and self._kinds.get(entry.target) not in (Kind.FILE, Kind.HARD_LINK):
            raise Refused(f"is a hard link to {shown(entry.target)}, which is no file before it")
        self._kinds[entry.path] = entry.kind
        return True

    def _add_folder(self, path: str) -> bool:
        if self._kinds.setdefault(path, Kind.FOLDER) is not Kind.FOLDER:
            raise Refused("is there twice")
        new = path not in self._told
        self._told.add(path)
        return new

    def _check_parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        while parent:
            kind = self._kinds.get(parent)
            if kind is Kind.FOLDER:
                return  # and all above it
            if kind is not None:
                raise Refused(f"lies under {shown(parent)}, which is no folder")
            self._kinds[parent] = Kind.FOLDER
            parent = parent.rpartition("/")[0]

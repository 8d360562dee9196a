"""Attachments, document scripts and what else a document has by name."""

from __future__ import annotations

from pathlib import PurePosixPath

import pikepdf
from pikepdf import Array, Dictionary, Object, String

from filemill_pdf.structures.destinations import free_name
from filemill_pdf.structures.names import dictionary
from filemill_pdf.structures.trees import name_tree, named

_ATTACHMENTS = "/EmbeddedFiles"
_DESTINATIONS = "/Dests"


class NameTrees:
    """Gathers the name trees of many documents, except destinations, and associated files."""

    def __init__(self, target: pikepdf.Pdf) -> None:
        self._target = target
        self._trees = {key: dict(named(tree)) for key, tree in _trees(target.Root.get("/Names"))}
        self._grown: set[str] = set()
        self._files: list[Object] = []

    def part(self, source: pikepdf.Pdf) -> Object:
        """Return what is to be copied of a source."""
        part = dict(_trees(source.Root.get("/Names")))
        files = source.Root.get("/AF")
        return dictionary({**part, **({"/AF": files} if isinstance(files, Array) else {})})

    def add(self, copied: Object, ordinal: int) -> None:
        """Take over what was copied of a document with a number."""
        for key, tree in _trees(copied):
            known = self._trees.setdefault(key, {})
            taken = set(known)
            for name, value in named(tree):
                new = name if name not in taken else _free(name, taken, ordinal)
                taken.add(new)
                if key == _ATTACHMENTS and new != name:
                    _rename_file(value, ordinal)
                known[new] = value
                self._grown.add(key)
        if "/AF" in copied:
            self._files += list(copied["/AF"])

    def finish(self) -> None:
        """Write the catalogue's entries, where something has come."""
        root = self._target.Root
        for key in sorted(self._grown):
            if "/Names" not in root:
                root["/Names"] = Dictionary()
            root["/Names"][key] = name_tree(self._target, self._trees[key])
        if self._files:
            own = root.get("/AF")
            root["/AF"] = Array([*(own if isinstance(own, Array) else []), *self._files])


def _trees(names: Object | None) -> list[tuple[str, Object]]:
    if not isinstance(names, Dictionary):
        return []
    return [(key, tree) for key, tree in names.items() if key not in (_DESTINATIONS, "/AF")]


def _free(name: bytes, taken: set[bytes], ordinal: int) -> bytes:
    """Return a free name with the number before the extension."""
    stem, dot, extension = name.rpartition(b".")
    if name.startswith(b"\xfe\xff") or not dot:  # UTF-16, or no extension
        text = str(String(name))
        numbered = PurePosixPath(text).stem + f"-{ordinal}" + PurePosixPath(text).suffix
        made = bytes(String(numbered))
        return made if made not in taken else free_name(made, taken, ordinal)
    made = b"%s-%d.%s" % (stem, ordinal, extension)
    return made if made not in taken else free_name(made, taken, ordinal)


def _rename_file(specification: Object, ordinal: int) -> None:
    """Give an attachment another file name, so that a reader which saves all overwrites none."""
    if not isinstance(specification, Dictionary):
        return
    for key in ("/F", "/UF"):
        value = specification.get(key)
        if isinstance(value, String):
            path = PurePosixPath(str(value))
            specification[key] = String(str(path.with_name(f"{path.stem}-{ordinal}{path.suffix}")) if path.name else "")

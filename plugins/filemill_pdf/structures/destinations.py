"""Named destinations: kept apart where documents use equal names, with links and bookmarks following."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.structures.names import bytes_of, dictionary, key_of, name_of
from filemill_pdf.structures.outlines import items_of
from filemill_pdf.structures.trees import name_tree, named

Renames = dict[bytes, bytes]


class Destinations:
    """Gathers the named destinations of many documents in the catalogue of one.

    A destination is named by a string (in a tree) or, as in PDF 1.1, by a name (in a dictionary).
    """

    def __init__(self, target: pikepdf.Pdf) -> None:
        self._target = target
        self._tree = dict(named(tree_of(target)))
        self._legacy = dict(_legacy(target.Root.get("/Dests")))
        self._own = len(self._tree), len(self._legacy)

    def part(self, source: pikepdf.Pdf, ordinal: int) -> Object:
        """Rename what is taken in a source, and return what is to be copied of it."""
        tree, legacy = dict(named(tree_of(source))), dict(_legacy(source.Root.get("/Dests")))
        taken = self._tree.keys() | self._legacy.keys()
        twice = taken & (tree.keys() | legacy.keys())
        if twice:
            every = taken | tree.keys() | legacy.keys()
            renames = {name: free_name(name, every, ordinal) for name in sorted(twice)}
            tree = {renames.get(name, name): value for name, value in tree.items()}
            legacy = {renames.get(name, name): value for name, value in legacy.items()}
            for holder in holders(source):
                _rename(holder, renames)
        part: dict[str, Object] = {}
        if tree:
            part["/Tree"] = name_tree(source, tree)
        if legacy:
            part["/Legacy"] = dictionary({key_of(name): value for name, value in legacy.items()})
        return Dictionary(part)

    def add(self, copied: Object) -> None:
        """Take over what was copied."""
        self._tree |= dict(named(copied.get("/Tree")))
        self._legacy |= dict(_legacy(copied.get("/Legacy")))

    def finish(self) -> None:
        """Write the catalogue's entries, where something has come."""
        root = self._target.Root
        if len(self._tree) > self._own[0]:
            if "/Names" not in root:
                root["/Names"] = Dictionary()
            root["/Names"]["/Dests"] = name_tree(self._target, self._tree)
        if len(self._legacy) > self._own[1]:
            root["/Dests"] = dictionary({key_of(name): value for name, value in self._legacy.items()})


def tree_of(pdf: pikepdf.Pdf) -> Object | None:
    """Return the tree of named destinations."""
    names = pdf.Root.get("/Names")
    return names.get("/Dests") if isinstance(names, Dictionary) else None


def free_name(name: bytes, taken: set[bytes], ordinal: int) -> bytes:
    """Return a name that is not taken, by the number of the document it is of; it is taken then."""
    while (made := b"%s-%d" % (name, ordinal)) in taken:
        ordinal += 1
    taken.add(made)
    return made


def holders(pdf: pikepdf.Pdf) -> Iterator[Object]:
    """Yield every dictionary that may hold a destination or an action: annotations, fields, bookmarks, pages."""
    for page in pdf.pages:
        if "/AA" in page.obj:
            yield page.obj
        yield from annotations_of(page.obj)
    yield from items_of(pdf.Root.get("/Outlines"))


def annotations_of(page: Object) -> Iterator[Object]:
    """Yield the annotations of a page that are dictionaries."""
    found = page.get("/Annots")
    if isinstance(found, Array):
        yield from (one for one in found if isinstance(one, Dictionary))


def actions(holder: Object) -> Iterator[Object]:
    """Yield the actions of an annotation, bookmark or page, those that follow included, each object once."""
    waiting = [holder.get("/A")]
    additional = holder.get("/AA")
    if isinstance(additional, Dictionary):
        waiting += [action for _, action in additional.items()]
    seen: set[tuple[int, int]] = set()
    while waiting:
        action = waiting.pop()
        if action is not None and action.is_indirect:
            if action.objgen in seen:
                continue
            seen.add(action.objgen)
        if isinstance(action, Array):
            waiting += list(action)
        elif isinstance(action, Dictionary):
            yield action
            waiting.append(action.get("/Next"))


def replaced(holder: Object, key: str, change: Callable[[bytes], bytes | None]) -> None:
    """Change the name of a destination that stands under a key, where one stands there."""
    value = holder.get(key)
    if isinstance(value, String):
        if (new := change(bytes(value))) is not None:
            holder[key] = String(new)
    elif isinstance(value, Name) and (new := change(bytes(value)[1:])) is not None:
        holder[key] = name_of(new)


def _rename(holder: Object, renames: Renames) -> None:
    replaced(holder, "/Dest", renames.get)
    for action in actions(holder):
        if action.get("/S") == Name.GoTo:
            replaced(action, "/D", renames.get)


def _legacy(dests: Object | None) -> Iterator[tuple[bytes, Object]]:
    if isinstance(dests, Dictionary):
        for key, value in dests.items():
            yield bytes_of(key), value

"""Tagged structure: merged where every document has it, else left out."""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.structures.destinations import annotations_of
from filemill_pdf.structures.names import bytes_of, dictionary, values_of, whole_number
from filemill_pdf.structures.trees import name_tree, named, number_tree, numbered

_DEEPEST_FORM = 20


class Tags:
    """Gathers the structure trees of many documents in the catalogue of one.

    Args:
        target: takes them.
        kept: whether every document has tags.
    """

    def __init__(self, target: pikepdf.Pdf, *, kept: bool) -> None:
        self._target = target
        self._kept = kept
        self._next = 0
        if kept:
            tree = target.Root["/StructTreeRoot"]
            self._parents = dict(numbered(tree.get("/ParentTree")))
            self._ids = dict(named(tree.get("/IDTree")))
            self._kids = _kids(tree)
            self._next = max(self._parents, default=-1) + 1
            self._language = target.Root.get("/Lang")

    def part(self, source: pikepdf.Pdf) -> Object:
        """Number what a source's tags hang on after the target's, and return what is to be copied."""
        if not self._kept:
            return Dictionary()
        tree = source.Root["/StructTreeRoot"]
        keys = [key for key, _ in numbered(tree.get("/ParentTree"))]
        for holder in _numbered_holders(source):
            for key in ("/StructParent", "/StructParents"):
                number = whole_number(holder.get(key))
                if number is not None:
                    holder[key] = number + self._next
        _resolve_roles(tree, self._target.Root["/StructTreeRoot"])
        self._shift = self._next
        self._next += max(keys, default=-1) + 1
        language = source.Root.get("/Lang")
        part = {key: value for key, value in tree.items() if key not in ("/Type", "/ParentTreeNextKey")}
        return dictionary({**part, "/Tree": tree, **({"/Language": language} if language is not None else {})})

    def add(self, copied: Object) -> None:
        """Take over the tags of a document."""
        if not self._kept:
            return
        own = self._target.Root["/StructTreeRoot"]
        self._parents |= {key + self._shift: value for key, value in numbered(copied.get("/ParentTree"))}
        for key, value in named(copied.get("/IDTree")):
            self._ids.setdefault(key, value)
        language = copied.get("/Language")
        for kid in _kids(copied):
            if isinstance(kid, Dictionary):
                kid["/P"] = own
                if isinstance(language, String) and language != self._language and "/Lang" not in kid:
                    kid["/Lang"] = language
            self._kids.append(kid)
        for kind in ("/RoleMap", "/ClassMap"):
            more = copied.get(kind)
            if isinstance(more, Dictionary):
                known = own.get(kind)
                own[kind] = dictionary(
                    {**dict(more.items()), **(dict(known.items()) if isinstance(known, Dictionary) else {})}
                )
        if isinstance(copied.get("/Namespaces"), Array):
            own["/Namespaces"] = Array([*own.get("/Namespaces", Array()), *copied["/Namespaces"]])

    def finish(self) -> None:
        """Write the catalogue's entries."""
        root = self._target.Root
        if not self._kept:
            for key in ("/StructTreeRoot", "/MarkInfo"):
                if key in root:
                    del root[key]
            return
        tree = root["/StructTreeRoot"]
        tree["/K"] = Array(self._kids)
        tree["/ParentTree"] = number_tree(self._target, self._parents)
        tree["/ParentTreeNextKey"] = self._next
        if self._ids:
            tree["/IDTree"] = name_tree(self._target, self._ids)


def has_tags(pdf: pikepdf.Pdf) -> bool:
    """Whether a document has a structure tree."""
    return isinstance(pdf.Root.get("/StructTreeRoot"), Dictionary)


def _kids(tree: Object) -> list[Object]:
    kids = tree.get("/K")
    if isinstance(kids, Array):
        return list(kids)
    return [kids] if isinstance(kids, Dictionary) else []


def _resolve_roles(tree: Object, other: Object) -> None:
    """Write the standard type into elements whose own type means something else in the other tree."""
    roles, others = tree.get("/RoleMap"), other.get("/RoleMap")
    if not isinstance(roles, Dictionary) or not isinstance(others, Dictionary):
        return
    clashing = {bytes_of(key): role for key, role in roles.items() if key in others and others[key] != role}
    if not clashing:
        return
    for element in elements(tree):
        kind = element.get("/S")
        if isinstance(kind, Name) and bytes(kind)[1:] in clashing:
            element["/S"] = clashing[bytes(kind)[1:]]


def elements(tree: Object) -> Iterator[Object]:
    """Yield the elements of a structure tree, each once."""
    seen: set[tuple[int, int]] = set()
    stack = _kids(tree)
    while stack:
        element = stack.pop()
        if not isinstance(element, Dictionary) or (element.is_indirect and element.objgen in seen):
            continue
        seen.add(element.objgen)
        yield element
        stack += _kids(element)


def _numbered_holders(pdf: pikepdf.Pdf) -> Iterator[Object]:
    """Yield everything that may have a number in the parent tree: pages, annotations, forms and pictures."""
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        yield page.obj
        waiting = [(page.obj.get("/Resources"), 0)]
        for annotation in annotations_of(page.obj):
            if annotation.objgen not in seen or not annotation.is_indirect:
                seen.add(annotation.objgen)
                yield annotation
        while waiting:
            resources, depth = waiting.pop()
            drawn = resources.get("/XObject") if isinstance(resources, Dictionary) else None
            if not isinstance(drawn, Dictionary) or depth > _DEEPEST_FORM:
                continue
            for stream in values_of(drawn):
                if isinstance(stream, pikepdf.Stream) and stream.objgen not in seen:
                    seen.add(stream.objgen)
                    yield stream
                    waiting.append((stream.stream_dict.get("/Resources"), depth + 1))

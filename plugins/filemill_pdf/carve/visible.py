"""The part of a document's layers that is used on some pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Object, Stream, String

from filemill_pdf.structures.names import dictionary, values_of

_DEEPEST = 20
_ONE = ("/Resources", "/G", "/SMask")
_MANY = ("/XObject", "/Pattern", "/ExtGState")
"""Where what is drawn stands: alone, or by names."""
Ids = set[tuple[int, int]]


class LayerParts:
    """Cuts the optional content: a layer stays where a page that stays uses it; hidden ones stay hidden."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        properties = pdf.Root.get("/OCProperties")
        groups = properties.get("/OCGs") if isinstance(properties, Dictionary) else None
        self._groups = [group for group in groups if isinstance(group, Dictionary)] if isinstance(groups, Array) else []
        settings = properties.get("/D") if isinstance(properties, Dictionary) else None
        self._settings = settings if isinstance(settings, Dictionary) else Dictionary()
        self._rank = {group.objgen: rank for rank, group in enumerate(self._groups)}
        self._used: dict[int, Ids] = {}

    def used(self, index: int, page: Object, annotations: Sequence[Object]) -> Ids:
        """Return the layers that a page and its annotations use."""
        if not self._groups:
            return set()
        if index not in self._used:
            self._used[index] = {group.objgen for group in _groups_on(page, annotations)}
        return self._used[index]

    def of(self, used: Ids) -> Object | None:
        """Make the optional content of a part that uses some layers; None where it uses none."""
        groups = [self._groups[rank] for rank in sorted(self._rank[objgen] for objgen in used if objgen in self._rank)]
        return Dictionary(OCGs=Array(groups), D=_cut(self._settings, used)) if groups else None


def _cut(settings: Object, used: Ids) -> Dictionary:
    own = Dictionary({key: settings[key] for key in ("/BaseState", "/ListMode", "/Intent", "/Name") if key in settings})
    for key in ("/ON", "/OFF", "/Locked", "/Order", "/RBGroups"):
        listed = settings.get(key)
        if isinstance(listed, Array):
            own[key] = _filtered(listed, used, 0)
    events = settings.get("/AS")
    if isinstance(events, Array):
        own["/AS"] = Array([
            dictionary({**dict(event.items()), "/OCGs": _filtered(event["/OCGs"], used, 0)})
            for event in events if isinstance(event, Dictionary) and isinstance(event.get("/OCGs"), Array)
        ])  # fmt: skip
    return own


def _filtered(listed: Object, used: Ids, depth: int) -> Array:
    kept: list[Object] = []
    has_parent = True
    for one in listed:
        if isinstance(one, Array) and depth < _DEEPEST:
            inner = _filtered(one, used, depth + 1)
            if any(isinstance(item, (Dictionary, Array)) for item in inner):
                kept += [inner] if has_parent else list(inner)  # layers below one that goes move up
        elif isinstance(one, Dictionary):
            has_parent = one.objgen in used
            kept += [one] if has_parent else []
        elif depth and isinstance(one, String):
            kept.append(one)  # the title of a group of layers
    return Array(kept)


def _groups_on(page: Object, annotations: Sequence[Object]) -> Iterator[Object]:
    """Yield the groups that a page, what it draws with and its annotations name."""
    seen: Ids = set()
    stack: list[Object | None] = [page.get("/Resources")]
    for annotation in annotations:
        yield from _membership(annotation.get("/OC"))
        stack += appearances_of(annotation)
    while stack:
        one = stack.pop()
        holder = one.stream_dict if isinstance(one, Stream) else one
        if one is None or not isinstance(holder, Dictionary) or (one.is_indirect and one.objgen in seen):
            continue
        seen.add(one.objgen)
        keys = holder.keys()
        if "/OC" in keys:
            yield from _membership(holder["/OC"])
        stack += [holder[key] for key in _ONE if key in keys]
        for key in _MANY:
            if key in keys and isinstance(holder[key], Dictionary):
                stack += values_of(holder[key])
        fonts = holder["/Font"] if "/Font" in keys else None
        if isinstance(fonts, Dictionary):
            stack += [font for font in values_of(fonts) if isinstance(font, Dictionary) and "/CharProcs" in font]
        properties = holder["/Properties"] if "/Properties" in keys else None
        if isinstance(properties, Dictionary):
            for value in values_of(properties):
                yield from _membership(value)


def appearances_of(annotation: Object) -> Iterator[Object]:
    """Yield the streams that an annotation may be drawn with: one a look, or one a state of each look."""
    looks = annotation.get("/AP")
    for look in values_of(looks) if isinstance(looks, Dictionary) else ():
        yield from [look] if isinstance(look, Stream) else values_of(look) if isinstance(look, Dictionary) else ()
    icons = annotation.get("/MK")
    if isinstance(icons, Dictionary):
        yield from (icons[key] for key in ("/I", "/RI", "/IX") if isinstance(icons.get(key), Stream))


def _membership(content: Object | None) -> Iterator[Object]:
    """Yield the groups of a membership dictionary, or the group itself."""
    stack = [content]
    for _ in range(10_000):
        if not stack:
            return
        one = stack.pop()
        if isinstance(one, Array):
            stack += list(one)
        elif isinstance(one, Dictionary):
            yield one
            stack += [one.get("/OCGs"), one.get("/VE")] if "/OCGs" in one or "/VE" in one else []

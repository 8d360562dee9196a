"""The part of a document's layers that is used on some pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Object, Stream

from filemill_pdf.structures.destinations import annotations_of
from filemill_pdf.structures.names import dictionary, values_of

_DEEPEST = 20
Ids = set[tuple[int, int]]


class LayerParts:
    """Cuts the optional content: a layer stays where a page that stays uses it; hidden ones stay hidden."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        properties = pdf.Root.get("/OCProperties")
        groups = properties.get("/OCGs") if isinstance(properties, Dictionary) else None
        self._groups = [group for group in groups if isinstance(group, Dictionary)] if isinstance(groups, Array) else []
        settings = properties.get("/D") if isinstance(properties, Dictionary) else None
        self._settings = settings if isinstance(settings, Dictionary) else Dictionary()
        self._used: dict[int, Ids] = {}

    def of(self, pages: Sequence[tuple[int, Object]]) -> Object | None:
        """Make the optional content of some pages, given with their index; None where they use no layer."""
        if not self._groups:
            return None
        used: Ids = set()
        for index, page in pages:
            if index not in self._used:
                self._used[index] = {group.objgen for group in _groups_on(page)}
            used |= self._used[index]
        groups = [group for group in self._groups if group.objgen in used]
        if not groups:
            return None
        return Dictionary(OCGs=Array(groups), D=_cut(self._settings, used))


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
    for one in listed:
        if isinstance(one, Array) and depth < _DEEPEST:
            inner = _filtered(one, used, depth + 1)
            if any(isinstance(item, (Dictionary, Array)) for item in inner):
                kept.append(inner)
        elif isinstance(one, Dictionary):
            kept += [one] if one.objgen in used else []
        elif depth:
            kept.append(one)  # the title of a group of layers
    return Array(kept)


def _groups_on(page: Object) -> Iterator[Object]:
    """Yield the groups that a page, its forms and its annotations name."""
    seen: Ids = set()
    stack: list[tuple[Object | None, int]] = [(page.get("/Resources"), 0)]
    for annotation in annotations_of(page):
        yield from _membership(annotation.get("/OC"))
        appearances = annotation.get("/AP")
        if isinstance(appearances, Dictionary):
            stack += [(stream, 1) for _, stream in appearances.items()]
    while stack:
        one, depth = stack.pop()
        holder = one.stream_dict if isinstance(one, Stream) else one
        if (
            not isinstance(holder, Dictionary)
            or depth > _DEEPEST
            or (one is not None and one.is_indirect and one.objgen in seen)
        ):
            continue
        if one is not None:
            seen.add(one.objgen)
        yield from _membership(holder.get("/OC"))
        if isinstance(one, Stream):
            stack.append((holder.get("/Resources"), depth + 1))
            continue
        for key in ("/XObject", "/Pattern"):
            drawn = holder.get(key)
            if isinstance(drawn, Dictionary):
                stack += [(stream, depth + 1) for _, stream in drawn.items()]
        properties = holder.get("/Properties")
        if isinstance(properties, Dictionary):
            for value in values_of(properties):
                yield from _membership(value)


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

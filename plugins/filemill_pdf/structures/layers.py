"""Optional content: layers that can be shown and hidden; what is hidden stays hidden."""

from __future__ import annotations

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

_LISTS = ("/Order", "/RBGroups", "/Locked", "/AS")
"""What a configuration lists beside what is on and off."""


class Layers:
    """Gathers the optional content of many documents in the catalogue of one."""

    def __init__(self, target: pikepdf.Pdf) -> None:
        self._target = target

    def part(self, source: pikepdf.Pdf) -> Object:
        """Return what is to be copied of a source."""
        properties = source.Root.get("/OCProperties")
        if not isinstance(properties, Dictionary) or not isinstance(properties.get("/OCGs"), Array):
            return Dictionary()
        return Dictionary({key: properties[key] for key in ("/OCGs", "/D") if key in properties})

    def add(self, copied: Object) -> None:
        """Take over the layers of a document; the target's own settings stay."""
        if "/OCGs" not in copied:
            return
        root = self._target.Root
        own = root.get("/OCProperties")
        if not isinstance(own, Dictionary) or not isinstance(own.get("/OCGs"), Array):
            root["/OCProperties"] = self._target.make_indirect(copied)
            return
        default = own.get("/D")
        if not isinstance(default, Dictionary):
            default = own["/D"] = Dictionary()
        groups = list(copied["/OCGs"])
        settings = copied.get("/D")
        settings = settings if isinstance(settings, Dictionary) else Dictionary()
        hidden = hidden_groups(groups, settings)
        if default.get("/BaseState") == Name.OFF:
            _extend(default, "/ON", [group for group in groups if group.objgen not in hidden])
        else:
            _extend(default, "/OFF", [group for group in groups if group.objgen in hidden])
        for key in _LISTS:
            listed = settings.get(key)
            if isinstance(listed, Array):
                _extend(default, key, list(listed))
        _extend(own, "/OCGs", groups)


def hidden_groups(groups: list[Object], settings: Object) -> set[tuple[int, int]]:
    """Return which groups a configuration hides."""
    every = {group.objgen for group in groups}
    on, off = (_listed(settings.get(key)) for key in ("/ON", "/OFF"))
    if settings.get("/BaseState") == Name.OFF:
        return (every - on) | off
    return every & off


def _listed(groups: Object | None) -> set[tuple[int, int]]:
    return {group.objgen for group in groups if isinstance(group, Dictionary)} if isinstance(groups, Array) else set()


def _extend(holder: Object, key: str, more: list[Object]) -> None:
    if more:
        own = holder.get(key)
        holder[key] = Array([*(own if isinstance(own, Array) else []), *more])

"""The actions of a part: what they lead to, hide, fill or switch is in it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.carve.edits import Edits
from filemill_pdf.carve.targets import Targets
from filemill_pdf.structures.names import dictionary

_DEEPEST = 50
_FIELDS = {"/Hide": "/T", "/SubmitForm": "/Fields", "/ResetForm": "/Fields"}
"""Actions on fields, and the entry that lists them."""


@dataclass(frozen=True)
class ActionParts:
    """Cuts the actions of one part.

    Args:
        targets: finds the page that something leads to.
        pages: the pages of the part, from 0.
        fields: gives the fields and annotations of the part that an action names.
        layers: the layers of the part.
        edits: takes the changes back.
    """

    targets: Targets
    pages: Collection[int]
    fields: Callable[[Object], list[Object]]
    layers: Collection[tuple[int, int]]
    edits: Edits

    def fit(self, holder: Object) -> bool:
        """Cut the destination and the actions of an annotation, field, page or catalogue; False where all are gone."""
        had = left = False
        if "/Dest" in holder:
            had, place = True, self._destination(holder["/Dest"])
            left = place is not None
            if place is not holder["/Dest"]:
                self.edits.put(holder, "/Dest", place)
        for key in ("/A", "/PA", "/OpenAction"):
            action = holder.get(key)
            if isinstance(action, (Array, Dictionary)):
                opens = isinstance(action, Array) and key == "/OpenAction"
                own = self._destination(action) if opens else self._action(action, set())
                had, left = True, left or own is not None
                if own is not action:
                    self.edits.put(holder, key, own)
        events = holder.get("/AA")
        if isinstance(events, Dictionary):
            kept = {key: self._action(action, set()) for key, action in events.items()}
            self.edits.put(holder, "/AA", dictionary({key: own for key, own in kept.items() if own is not None}))
        return left or not had

    def _destination(self, destination: Object) -> Object | None:
        if self.targets.page(destination) not in self.pages:
            return None
        return destination if isinstance(destination, (String, Name)) else self.targets.explicit(destination)

    def _action(self, action: Object, seen: set[tuple[int, int]], depth: int = 0) -> Object | None:
        """Return an action and those that follow it without what is not in the part; None where nothing is left.

        An action that comes again goes: chains may lead back, and branch.
        """
        if isinstance(action, Array):
            kept = [own for one in action if (own := self._action(one, seen, depth + 1)) is not None]
            return Array(kept) if kept else None
        if not isinstance(action, Dictionary) or depth > _DEEPEST or action.objgen in seen:
            return None
        if action.is_indirect:
            seen.add(action.objgen)
        following = self._action(action["/Next"], seen, depth + 1) if "/Next" in action else None
        own = self._own(action)
        if own is None:
            return following
        if following is not None:
            own["/Next"] = following
        return own

    def _own(self, action: Object) -> Object | None:
        """Return a copy of an action, without those that follow."""
        own = dictionary({key: value for key, value in action.items() if key not in ("/Next", "/SD")})
        kind = str(action.get("/S", ""))
        if kind == "/GoTo":
            place = self._destination(action["/D"]) if "/D" in action else None
            if place is None:
                return None
            own["/D"] = place
        elif kind == "/Thread":
            return None
        elif kind == "/SetOCGState":
            own["/State"] = self._states(action.get("/State"))
        elif kind in _FIELDS and (key := _FIELDS[kind]) in action:
            named = action[key]
            kept = [found for one in (named if isinstance(named, Array) else [named]) for found in self.fields(one)]
            if not kept:
                return None
            own[key] = Array(kept)
        return own

    def _states(self, states: Object | None) -> Array:
        """Return the layers to switch, each after the word that says how."""
        if not isinstance(states, Array):
            return Array()
        kept = (one for one in states if isinstance(one, Name) or one.objgen in self.layers)
        return Array(list(kept))

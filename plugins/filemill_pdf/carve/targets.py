"""Where links, bookmarks and named destinations of a document lead."""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.structures.destinations import tree_of
from filemill_pdf.structures.names import key_of, whole_number
from filemill_pdf.structures.trees import named


class Targets:
    """Finds the page, from 0, that something leads to."""

    def __init__(self, pdf: pikepdf.Pdf, pages: Sequence[Object]) -> None:
        self._pages = pages
        self._index = {page.objgen: index for index, page in enumerate(pages)}
        self._names = dict(named(tree_of(pdf)))
        legacy = pdf.Root.get("/Dests")
        self._legacy = dict(legacy.items()) if isinstance(legacy, Dictionary) else {}
        self.names_by_page: dict[int, list[tuple[bytes, Object]]] = {}
        self.legacy_by_page: dict[int, list[tuple[str, Object]]] = {}
        for key, value in self._names.items():
            self._note(self.names_by_page, key, value)
        for name, value in self._legacy.items():
            self._note(self.legacy_by_page, name, value)

    def goes(self, bookmark: Object) -> tuple[bool, int | None]:
        """Whether a bookmark leads into this document, and the page it leads to where it exists."""
        place = self.place(bookmark)
        action = bookmark.get("/A")
        leads = "/Dest" in bookmark or (isinstance(action, Dictionary) and action.get("/S") == Name.GoTo)
        return leads, None if place is None else self._index[place[0].objgen]

    def place(self, bookmark: Object) -> Array | None:
        """Return where a bookmark leads to, as `explicit` does."""
        if "/Dest" in bookmark:
            return self.explicit(bookmark["/Dest"])
        action = bookmark.get("/A")
        goes = isinstance(action, Dictionary) and action.get("/S") == Name.GoTo
        return self.explicit(action.get("/D")) if goes and action is not None else None

    def page(self, destination: Object | None) -> int | None:
        """Return the page of a destination."""
        place = self.explicit(destination)
        return None if place is None else self._index[place[0].objgen]

    def explicit(self, destination: Object | None) -> Array | None:
        """Return a destination as an array whose first item is a page; None where there is no such page."""
        if isinstance(destination, (String, Name)):
            destination = self._named(destination)
        if isinstance(destination, Dictionary):
            destination = destination.get("/D")
        if not isinstance(destination, Array) or len(destination) == 0:
            return None
        first = destination[0]
        index = whole_number(first)
        if index is not None and 0 <= index < len(self._pages):
            return Array([self._pages[index], *_view(destination)])
        if isinstance(first, Dictionary) and first.objgen in self._index:
            return Array([first, *_view(destination)])
        return None

    def _named(self, name: Object) -> Object | None:
        """Look where a name stands, and then where the other kind of names does, as readers do."""
        raw = bytes(name) if isinstance(name, String) else bytes(name)[1:]
        tree, legacy = self._names.get(raw), self._legacy.get(key_of(raw))
        first, second = (tree, legacy) if isinstance(name, String) else (legacy, tree)
        return second if first is None else first

    def _note(
        self,
        by_page: dict[int, list[tuple[bytes, Object]]] | dict[int, list[tuple[str, Object]]],
        name: bytes | str,
        value: Object,
    ) -> None:
        place = self.explicit(value)
        if place is not None:
            by_page.setdefault(self._index[place[0].objgen], []).append((name, place))  # type: ignore[arg-type]


def _view(destination: Object) -> list[object]:
    """Return what a destination says of the view: names and numbers, and nothing that leads elsewhere."""
    said: Sequence[object] = list(destination)[1:]  # pikepdf gives numbers as Python's own
    return [one for one in said if not isinstance(one, Object) or isinstance(one, Name)]

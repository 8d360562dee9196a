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

    def goes(self, holder: Object) -> tuple[bool, int | None]:
        """Whether an annotation or bookmark leads into this document, and the page it leads to where it exists."""
        if "/Dest" in holder:
            return True, self.page(holder["/Dest"])
        action = holder.get("/A")
        if isinstance(action, Dictionary) and action.get("/S") == Name.GoTo:
            return True, self.page(action.get("/D"))
        return False, None

    def page(self, destination: Object | None) -> int | None:
        """Return the page of a destination."""
        place = self.explicit(destination)
        return None if place is None else self._index[place[0].objgen]

    def explicit(self, destination: Object | None) -> Array | None:
        """Return a destination as an array whose first item is a page; None where there is no such page."""
        if isinstance(destination, String):
            destination = self._names.get(bytes(destination))
        elif isinstance(destination, Name):
            destination = self._legacy.get(key_of(bytes(destination)[1:]))
        if isinstance(destination, Dictionary):
            destination = destination.get("/D")
        if not isinstance(destination, Array) or len(destination) == 0:
            return None
        first = destination[0]
        index = whole_number(first)
        if index is not None and 0 <= index < len(self._pages):
            return Array([self._pages[index], *list(destination)[1:]])
        if isinstance(first, Dictionary) and first.objgen in self._index:
            return destination
        return None

    def _note(
        self,
        by_page: dict[int, list[tuple[bytes, Object]]] | dict[int, list[tuple[str, Object]]],
        name: bytes | str,
        value: Object,
    ) -> None:
        place = self.explicit(value)
        if place is not None:
            by_page.setdefault(self._index[place[0].objgen], []).append((name, place))  # type: ignore[arg-type]

"""Outlines: the bookmarks of a document."""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.bookmarks import Bookmarks
from filemill_pdf.structures.names import whole_number


class Outlines:
    """Gathers the outlines of many documents in the catalogue of one."""

    def __init__(self, target: pikepdf.Pdf, bookmarks: Bookmarks) -> None:
        self._target = target
        self._bookmarks = bookmarks
        self._top: list[Object] = []

    def start(self, title: str) -> None:
        """Take the target's own outline."""
        self.add(self._target.Root.get("/Outlines"), self._target.pages[0].obj, title)

    def part(self, source: pikepdf.Pdf) -> Object:
        """Return what is to be copied of a source."""
        outlines = source.Root.get("/Outlines")
        if self._bookmarks is Bookmarks.NONE or not isinstance(outlines, Dictionary):
            return Dictionary()
        return outlines

    def add(self, copied: Object | None, page: Object, title: str) -> None:
        """Take over an outline that is in the target, of a file with a title that begins at a page."""
        top = list(_siblings(copied.get("/First"))) if isinstance(copied, Dictionary) else []
        if self._bookmarks is Bookmarks.PER_FILE:
            item = self._target.make_indirect(
                Dictionary(Title=String(title), Dest=Array([page, Name.XYZ, None, None, None]))
            )
            if top:
                link(item, top)
                item["/Count"] = -_visible(top)  # shut, so that the files can be seen at a glance
            self._top.append(item)
        else:
            self._top += top

    def finish(self) -> None:
        """Write the catalogue's entry."""
        root = self._target.Root
        if self._bookmarks is Bookmarks.NONE or not self._top:
            if "/Outlines" in root:
                del root["/Outlines"]
            return
        old = root.get("/Outlines")
        outlines = old if isinstance(old, Dictionary) else self._target.make_indirect(Dictionary(Type=Name.Outlines))
        link(outlines, self._top)
        outlines["/Count"] = _visible(self._top)
        root["/Outlines"] = outlines


def link(parent: Object, items: list[Object]) -> None:
    """Make items the children of an outline or item, in their order."""
    parent["/First"], parent["/Last"] = items[0], items[-1]
    for index, item in enumerate(items):
        item["/Parent"] = parent
        for key, neighbour in (("/Prev", index - 1), ("/Next", index + 1)):
            if 0 <= neighbour < len(items):
                item[key] = items[neighbour]
            elif key in item:
                del item[key]


def items_of(outlines: Object | None) -> Iterator[Object]:
    """Yield all items of an outline, each once, parents before their children."""
    if not isinstance(outlines, Dictionary):
        return
    seen: set[tuple[int, int]] = set()
    stack = [outlines.get("/First")]
    while stack:
        item = stack.pop()
        if not isinstance(item, Dictionary) or (item.is_indirect and item.objgen in seen):
            continue
        seen.add(item.objgen)
        yield item
        stack += [item.get("/Next"), item.get("/First")]


def _siblings(item: Object | None) -> Iterator[Object]:
    seen: set[tuple[int, int]] = set()
    while isinstance(item, Dictionary) and item.is_indirect and item.objgen not in seen:
        seen.add(item.objgen)
        yield item
        item = item.get("/Next")


def _visible(items: list[Object]) -> int:
    counts = (whole_number(item.get("/Count")) or 0 for item in items)
    return len(items) + sum(count for count in counts if count > 0)

"""The part of an outline that leads to some pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.carve.targets import Targets

_MOST_ITEMS = 100_000


@dataclass(frozen=True)
class Bookmark:
    """An item of an outline: where it stands in it, counted from 0, the item above it, the page it leads to."""

    item: Object
    above: int | None
    page: int | None


class OutlineParts:
    """Cuts an outline: an item stays where the page that it leads to stays.

    The title of an item says something of the page that it leads to: items above one that stays go, where
    they lead elsewhere, and those below them move up.
    """

    def __init__(self, pdf: pikepdf.Pdf, targets: Targets, *, whole: bool = False) -> None:
        self._pdf = pdf
        self._targets = targets
        self.bookmarks = list(_read(pdf, targets))
        self._by_page: dict[int, list[int]] = {}
        for number, bookmark in enumerate(self.bookmarks):
            if bookmark.page is not None:
                self._by_page.setdefault(bookmark.page, []).append(number)

    def tops(self) -> list[tuple[str, int]]:
        """Return the titles of the topmost items and the pages, from 0, that they lead to."""
        return [
            (str(one.item.get("/Title", "")), one.page)
            for one in self.bookmarks
            if one.above is None and one.page is not None
        ]

    def of(self, pages: Collection[int]) -> Object | None:
        """Make the outline of some pages; None where no item leads to them."""
        kept = sorted(number for page in pages for number in self._by_page.get(page, ()))
        if not kept:
            return None
        made = {number: self._copy(self.bookmarks[number]) for number in kept}
        children: dict[int | None, list[int]] = {}
        for number in kept:
            children.setdefault(self._kept_above(number, made), []).append(number)
        outline = self._pdf.make_indirect(Dictionary(Type=Name.Outlines))
        for above, numbers in children.items():
            _link(outline if above is None else made[above], [made[number] for number in numbers])
        outline["/Count"] = len(children[None])
        return outline

    def _kept_above(self, number: int, made: dict[int, Object]) -> int | None:
        above = self.bookmarks[number].above
        while above is not None and above not in made:
            above = self.bookmarks[above].above
        return above

    def _copy(self, bookmark: Bookmark) -> Object:
        item = bookmark.item
        action = item.get("/A")
        place = self._targets.explicit(item["/Dest"] if "/Dest" in item or action is None else action.get("/D"))
        own = {key: item[key] for key in ("/Title", "/C", "/F") if key in item}
        own.setdefault("/Title", String(""))
        return self._pdf.make_indirect(Dictionary({**own, "/Dest": place or Array()}))


def _link(parent: Object, items: list[Object]) -> None:
    """Make items the children of another, shut."""
    parent["/First"], parent["/Last"], parent["/Count"] = items[0], items[-1], -len(items)
    for index, item in enumerate(items):
        item["/Parent"] = parent
        if index:
            item["/Prev"] = items[index - 1]
        if index + 1 < len(items):
            item["/Next"] = items[index + 1]


def _read(pdf: pikepdf.Pdf, targets: Targets) -> list[Bookmark]:
    outlines = pdf.Root.get("/Outlines")
    found: list[Bookmark] = []
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Object | None, int | None]] = []
    if isinstance(outlines, Dictionary):
        stack.append((outlines.get("/First"), None))
    while stack and len(found) < _MOST_ITEMS:
        item, above = stack.pop()
        if not isinstance(item, Dictionary) or item.objgen in seen:
            continue
        seen.add(item.objgen)
        found.append(Bookmark(item, above, targets.goes(item)[1]))
        stack += [(item.get("/Next"), above), (item.get("/First"), len(found) - 1)]
    return found

"""The part of an outline that leads to some pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pikepdf
from pikepdf import Dictionary, Name, Object, String

from filemill_pdf.carve.targets import Targets
from filemill_pdf.structures.names import dictionary

_MOST_ITEMS = 100_000
_ELSEWHERE = ("/URI", "/GoToR", "/Launch", "/JavaScript", "/Named")
"""Actions of bookmarks that lead to no page of the document."""


@dataclass(frozen=True)
class Bookmark:
    """An item of an outline: the number of the one above it, the page it leads to, whether it is of no page at all."""

    item: Object
    above: int | None
    page: int | None
    free: bool


class OutlineParts:
    """Cuts an outline: an item stays where the page that it leads to stays.

    The title of an item says something of the page that it leads to: items above one that stays go, where
    they lead elsewhere, and those below them move up. What leads to no page at all (a heading, a link to the
    web) is the document's: it stays in the whole, a heading with what is below it.
    """

    def __init__(self, pdf: pikepdf.Pdf, targets: Targets, *, whole: bool = False) -> None:
        self._pdf = pdf
        self._targets = targets
        self.bookmarks = list(_read(pdf, targets))
        self._whole = whole
        self._parents = {one.above for one in self.bookmarks}
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
        kept = sorted(self._free({number for page in pages for number in self._by_page.get(page, ())}))
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

    def _free(self, kept: set[int]) -> set[int]:
        """Add to the items of pages those of the whole, and the headings above."""
        if not self._whole:
            return kept
        every = {number for number, one in enumerate(self.bookmarks) if one.free and number not in self._parents} | kept
        for number in list(every):
            above = self.bookmarks[number].above
            while above is not None and above not in every:
                if self.bookmarks[above].free:
                    every.add(above)
                above = self.bookmarks[above].above
        return every

    def _kept_above(self, number: int, made: dict[int, Object]) -> int | None:
        above = self.bookmarks[number].above
        while above is not None and above not in made:
            above = self.bookmarks[above].above
        return above

    def _copy(self, bookmark: Bookmark) -> Object:
        item = bookmark.item
        action = item.get("/A")
        place = self._targets.place(item)
        own = {key: item[key] for key in ("/Title", "/C", "/F") if key in item}
        own.setdefault("/Title", String(""))
        if place is not None:
            own["/Dest"] = place
        elif isinstance(action, Dictionary) and str(action.get("/S", "")) in _ELSEWHERE:
            own["/A"] = dictionary({key: value for key, value in action.items() if key != "/Next"})
        return self._pdf.make_indirect(Dictionary(own))


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
        leads, page = targets.goes(item)
        found.append(Bookmark(item, above, page, not leads))
        stack += [(item.get("/Next"), above), (item.get("/First"), len(found) - 1)]
    return found

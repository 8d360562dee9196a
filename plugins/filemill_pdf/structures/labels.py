"""Page labels: the numbers that a reader shows for pages, such as `iv` or `A-1`."""

from __future__ import annotations

import pikepdf
from pikepdf import Dictionary, Name, Object

from filemill_pdf.structures.names import whole_number
from filemill_pdf.structures.trees import number_tree, numbered


class Labels:
    """Gathers the page labels of many documents in the catalogue of one.

    A document without labels counts its pages from 1, also where others have labels.
    """

    def __init__(self, target: pikepdf.Pdf) -> None:
        self._target = target
        self._content: dict[int, Object] = {}
        self._any = False
        self._pages = 0
        self.add(target.Root.get("/PageLabels"), len(target.pages))

    def part(self, source: pikepdf.Pdf) -> Object:
        """Return what is to be copied of a source."""
        labels = source.Root.get("/PageLabels")
        return labels if isinstance(labels, Dictionary) else Dictionary()

    def add(self, copied: Object | None, pages: int) -> None:
        """Take over the labels, which are in the target, of a document of so many pages."""
        own = {index: label for index, label in numbered(copied) if 0 <= index < pages}
        self._any = self._any or bool(own)
        own.setdefault(0, Dictionary(S=Name.D))
        self._content |= {index + self._pages: label for index, label in own.items()}
        self._pages += pages

    def finish(self) -> None:
        """Write the catalogue's entry, where any document has labels."""
        if self._any:
            self._target.Root["/PageLabels"] = number_tree(self._target, self._content)


def label_at(labels: dict[int, Object], index: int) -> Object:
    """Return the entry that makes one page, from 0, begin with the label it has."""
    start = max((key for key in labels if key <= index), default=None)
    if start is None:
        return Dictionary(S=Name.D, St=index + 1)
    entry = labels[start]
    made = Dictionary({key: entry[key] for key in ("/S", "/P") if key in entry})
    if "/S" in made:
        made["/St"] = (whole_number(entry.get("/St")) or 1) + index - start
    return made

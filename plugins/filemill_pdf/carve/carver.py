"""Carves pages out of a document."""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

from filemill_pdf.carve.bookmarks import OutlineParts
from filemill_pdf.carve.fields import FormParts
from filemill_pdf.carve.resources import SharedResources
from filemill_pdf.carve.targets import Targets
from filemill_pdf.carve.visible import LayerParts
from filemill_pdf.structures.destinations import actions, annotations_of
from filemill_pdf.structures.graft import graft
from filemill_pdf.structures.labels import label_at
from filemill_pdf.structures.names import dictionary
from filemill_pdf.structures.trees import name_tree, number_tree, numbered

_PAGE_KEYS = frozenset({
    "/Type", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/BoxColorInfo", "/Contents",
    "/Rotate", "/Group", "/Thumb", "/Dur", "/Trans", "/Annots", "/AA", "/Metadata", "/ID", "/PZ", "/UserUnit", "/Tabs",
    "/OutputIntents", "/StructParents",
})  # fmt: skip
"""What of a page is its own; the rest (beads, private data of programs, …) leads elsewhere."""
_SEALED = Name.Page


class Carver:
    """Makes documents of some pages of one document, as many as are wanted.

    Whatever belongs to a page that is not in the part is sealed: it is marked as a page, and so becomes null
    where something that is copied refers to it (see `filemill_pdf.structures.graft`).

    Args:
        source: the document; it can't be saved afterwards.
        whole: whether the result is still the document, with its attachments and scripts, and not a part of it.
    """

    def __init__(self, source: pikepdf.Pdf, *, whole: bool = False) -> None:
        self._source = source
        self._whole = whole
        self.pages = [page.obj for page in source.pages]
        self._targets = Targets(source, self.pages)
        self.outline = OutlineParts(source, self._targets)
        self._forms = FormParts(source)
        self._layers = LayerParts(source)
        self._labels = dict(numbered(source.Root.get("/PageLabels")))
        self._resources = SharedResources(self.pages)
        self._annotations = [list(annotations_of(page)) for page in self.pages]
        self._ready: set[int] = set()
        for one in (annotation for own in self._annotations for annotation in own):
            one["/Type"] = _SEALED

    def part(self, indexes: Sequence[int]) -> pikepdf.Pdf:
        """Make a document of pages, counted from 0, in the order given."""
        selected = set(indexes)
        kept = [self._kept_annotations(index, selected) for index in indexes]
        pages = [self.pages[index] for index in indexes]
        for index, page, own in zip(indexes, pages, kept, strict=True):
            self._prepare(index)
            if own:
                page["/Annots"] = Array(own)
            elif "/Annots" in page:
                del page["/Annots"]
        every = [annotation for own in kept for annotation in own]
        widgets = [one for one in every if one.get("/Subtype") == Name.Widget]
        parts = self._parts(indexes, widgets)
        for one in every:
            one["/Type"] = Name.Annot
        target = pikepdf.Pdf.new()
        _, made = graft(self._source, target, pages, parts)
        for one in every:
            one["/Type"] = _SEALED
        for key, value in made.items():
            if key in parts and key != "/Info":
                target.Root[key] = value
        if "/Info" in made:
            target.trailer["/Info"] = target.make_indirect(made["/Info"])
        return target

    def _parts(self, indexes: Sequence[int], widgets: Sequence[Object]) -> dict[str, Object]:
        """Gather what the catalogue of a part has."""
        root = self._source.Root
        kept = ["/Lang", "/Metadata", "/ViewerPreferences", "/PageMode", "/PageLayout", "/OutputIntents"]
        parts = {key: root[key] for key in kept + (["/AF"] if self._whole else []) if key in root}
        info = self._source.trailer.get("/Info")
        found: dict[str, Object | None] = {
            "/Outlines": self.outline.of(set(indexes)),
            "/AcroForm": self._forms.of(widgets),
            "/OCProperties": self._layers.of([(index, self.pages[index]) for index in indexes]),
            "/Names": self._names(indexes),
            "/PageLabels": self._page_labels(indexes),
            "/Dests": self._legacy(indexes),
            "/Info": info if isinstance(info, Dictionary) else None,
        }
        return parts | {key: value for key, value in found.items() if value is not None}

    def _names(self, indexes: Sequence[int]) -> Object | None:
        names = self._source.Root.get("/Names")
        own = (
            {key: tree for key, tree in names.items() if key != "/Dests"}
            if self._whole and isinstance(names, Dictionary)
            else {}
        )
        places = {name: place for index in indexes for name, place in self._targets.names_by_page.get(index, ())}
        if places:
            own["/Dests"] = name_tree(self._source, places)
        return dictionary(own) if own else None

    def _legacy(self, indexes: Sequence[int]) -> Object | None:
        places = {name: place for index in indexes for name, place in self._targets.legacy_by_page.get(index, ())}
        return dictionary(places) if places else None

    def _page_labels(self, indexes: Sequence[int]) -> Object | None:
        if not self._labels:
            return None
        labels: dict[int, Object] = {}
        for place, index in enumerate(indexes):
            if place == 0 or index != indexes[place - 1] + 1 or index in self._labels:
                labels[place] = label_at(self._labels, index)
        return number_tree(self._source, labels)

    def _kept_annotations(self, index: int, selected: set[int]) -> list[Object]:
        """Return the annotations of a page that stay: not the links to pages that go."""
        kept: list[Object] = []
        for annotation in self._annotations[index]:
            leads, page = self._targets.goes(annotation)
            if leads and page not in selected:
                if annotation.get("/Subtype") == Name.Link:
                    continue
                for key in ("/Dest", "/A"):
                    if key in annotation:
                        del annotation[key]
            kept.append(annotation)
        return kept

    def _prepare(self, index: int) -> None:
        """Take from a page what leads to others, once."""
        if index in self._ready:
            return
        self._ready.add(index)
        page = self.pages[index]
        for key in list(page.keys()):
            if key not in _PAGE_KEYS:
                del page[key]
        self._resources.prune(page)
        for holder in (page, *self._annotations[index]):
            for action in list(actions(holder)):
                _disarm(action)


def _disarm(action: Object) -> None:
    """Take from an action its ways to structure elements and article threads, which lead to all pages."""
    if "/SD" in action:
        del action["/SD"]
    if action.get("/S") == Name.Thread:
        for key in ("/D", "/B"):
            if key in action:
                del action[key]

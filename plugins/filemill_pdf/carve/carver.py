"""Carves pages out of a document."""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

from filemill_pdf.carve.actions import ActionParts
from filemill_pdf.carve.bookmarks import OutlineParts
from filemill_pdf.carve.edits import Edits
from filemill_pdf.carve.fields import FormParts
from filemill_pdf.carve.labels import LabelParts
from filemill_pdf.carve.resources import ResourceParts
from filemill_pdf.carve.targets import Targets
from filemill_pdf.carve.visible import LayerParts, appearances_of
from filemill_pdf.structures.destinations import annotations_of
from filemill_pdf.structures.graft import graft
from filemill_pdf.structures.names import dictionary
from filemill_pdf.structures.trees import name_tree

_PAGE_KEYS = frozenset({
    "/Type", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/BoxColorInfo", "/Contents",
    "/Rotate", "/Group", "/Thumb", "/Dur", "/Trans", "/Annots", "/AA", "/AF", "/Metadata", "/ID", "/PZ", "/UserUnit",
    "/Tabs", "/OutputIntents", "/VP",
})  # fmt: skip
"""What of a page is its own; the rest (beads, tags, private data of programs, …) leads elsewhere."""
_OF_EACH = ("/Lang", "/Metadata", "/ViewerPreferences", "/PageMode", "/PageLayout", "/OutputIntents", "/URI")
"""What of the catalogue is in every part; relative links need the base in `/URI`."""
_OF_WHOLE = ("/AF", "/Collection", "/OpenAction", "/AA")
_NAMES_OF_WHOLE = ("/EmbeddedFiles", "/JavaScript", "/AP", "/Renditions", "/Templates")
_WRITTEN_VERSION = "1.5"
"""What a file with streams of objects says of itself; a document that needs more says so in its catalogue."""
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
        self._root = source.Root
        self._whole = whole
        self._version = max(source.pdf_version, str(self._root.get("/Version", ""))[1:])
        self.pages = [page.obj for page in source.pages]
        self._targets = Targets(source, self.pages)
        self.outline = OutlineParts(source, self._targets, whole=whole)
        self._forms = FormParts(source, _SEALED)
        self._layers = LayerParts(source)
        self._labels = LabelParts(source)
        self._resources = ResourceParts()
        not_annotations = {one.objgen for one in (*self.pages, self._root)}
        self._annotations = [
            [one for one in annotations_of(page) if "/Subtype" in one and one.objgen not in not_annotations]
            for page in self.pages
        ]
        self._ready: set[int] = set()
        for one in (annotation for own in self._annotations for annotation in own):
            one["/Type"] = _SEALED
        self._root["/Type"] = _SEALED

    def part(self, indexes: Sequence[int]) -> pikepdf.Pdf:
        """Make a document of pages, counted from 0, in the order given."""
        for index in indexes:
            self._prepare(index)
        edits = Edits()
        target = pikepdf.Pdf.new()
        try:
            parts = self._parts(indexes, edits)
            info = parts.pop("/Info", None)
            pages = [self.pages[index] for index in indexes]
            _, made = graft(self._source, target, pages, parts | ({} if info is None else {"/Info": info}))
        finally:
            edits.undo()
        for key in parts:
            if key in made:
                target.Root[key] = made[key]
        if self._version > _WRITTEN_VERSION:
            target.Root["/Version"] = Name(f"/{self._version}")
        if info is not None:
            target.trailer["/Info"] = target.make_indirect(made["/Info"])
        return target

    def _parts(self, indexes: Sequence[int], edits: Edits) -> dict[str, Object]:
        """Make pages and annotations fit for a part, and gather what its catalogue has."""
        selected = set(indexes)
        every = [one for index in indexes for one in self._annotations[index]]
        form, fields = self._forms.of([one for one in every if one.get("/Subtype") == Name.Widget], edits)
        layers: set[tuple[int, int]] = set()
        for index in indexes:
            layers |= self._layers.used(index, self.pages[index], self._annotations[index])
        own = fields | {one.objgen: one for one in every if one.is_indirect}
        actions = ActionParts(self._targets, selected, lambda named: self._forms.named(named, own), layers, edits)
        for field in fields.values():
            actions.fit(field)
        for index in indexes:
            self._fit(index, actions, edits)
        for one in every:
            edits.put(one, "/Type", Name.Annot)
        if self._whole:
            actions.fit(self._root)
        parts = {key: self._root[key] for key in _OF_EACH + (_OF_WHOLE if self._whole else ()) if key in self._root}
        preferences = parts.get("/ViewerPreferences")
        if isinstance(preferences, Dictionary) and "/PrintPageRange" in preferences:
            edits.put(preferences, "/PrintPageRange", None)
        info = self._source.trailer.get("/Info")
        found: dict[str, Object | None] = {
            "/Outlines": self.outline.of(selected),
            "/AcroForm": form,
            "/OCProperties": self._layers.of(layers),
            "/Names": self._names(indexes),
            "/PageLabels": self._labels.of(indexes),
            "/Dests": self._legacy(indexes),
            "/Info": info if isinstance(info, Dictionary) else None,
        }
        return parts | {key: value for key, value in found.items() if value is not None}

    def _fit(self, index: int, actions: ActionParts, edits: Edits) -> None:
        """Cut the actions of a page and its annotations; links that lead nowhere then go."""
        page = self.pages[index]
        actions.fit(page)
        kept = [one for one in self._annotations[index] if actions.fit(one) or one.get("/Subtype") != Name.Link]
        if kept or "/Annots" in page:
            edits.put(page, "/Annots", Array(kept) if kept else None)

    def _names(self, indexes: Sequence[int]) -> Object | None:
        names = self._root.get("/Names")
        own: dict[str, Object] = {}
        if self._whole and isinstance(names, Dictionary):
            own = {key: names[key] for key in _NAMES_OF_WHOLE if key in names}
        places = {name: place for index in indexes for name, place in self._targets.names_by_page.get(index, ())}
        if places:
            own["/Dests"] = name_tree(self._source, places)
        return dictionary(own) if own else None

    def _legacy(self, indexes: Sequence[int]) -> Object | None:
        places = {name: place for index in indexes for name, place in self._targets.legacy_by_page.get(index, ())}
        return dictionary(places) if places else None

    def _prepare(self, index: int) -> None:
        """Take from a page what is of other pages whatever part it is in, once."""
        if index in self._ready:
            return
        self._ready.add(index)
        page = self.pages[index]
        for key in list(page.keys()):
            if key not in _PAGE_KEYS:
                del page[key]
        looks = (stream for annotation in self._annotations[index] for stream in appearances_of(annotation))
        self._resources.prune(page, looks)

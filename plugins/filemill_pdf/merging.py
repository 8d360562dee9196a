"""Merges documents with everything they have beyond their pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pikepdf
from pikepdf import Array, Dictionary, Object

from filemill import Context, Document, File
from filemill_pdf.bookmarks import Bookmarks
from filemill_pdf.opening import reading, save_pdf
from filemill_pdf.structures.destinations import Destinations
from filemill_pdf.structures.forms import Forms, forget_signatures
from filemill_pdf.structures.graft import graft
from filemill_pdf.structures.labels import Labels
from filemill_pdf.structures.layers import Layers
from filemill_pdf.structures.name_trees import NameTrees
from filemill_pdf.structures.outlines import Outlines
from filemill_pdf.structures.tags import Tags, has_tags


def merge(pdfs: Sequence[pikepdf.Pdf], files: Sequence[File], bookmarks: Bookmarks, context: Context) -> Document:
    """Merge documents in the order given; the first one is changed and has the others' pages in the end.

    Args:
        pdfs: the documents, open, each its own object; they can't be used afterwards.
        files: where they are from; the first one's name is the result's.
        bookmarks: which bookmarks the result has.
        context: gives the folder, the limits and the progress.

    Raises:
        FilemillError: `INVALID_FILE` naming the file whose objects are malformed.
    """
    target, *others = pdfs
    with reading(files[0]):
        if others:
            forget_signatures(target)
        merger = _Merger(target, bookmarks, tagged=all(map(has_tags, pdfs)))
        merger.outlines.start(_title(files[0].name))
    for ordinal, (source, file) in enumerate(zip(others, files[1:], strict=True), 2):
        with reading(file):
            merger.take(source, _title(file.name), ordinal)
        context.progress(ordinal, len(pdfs), file.name)
    with reading(files[0]):
        merger.finish(alone=not others)
    return save_pdf(target, context, files[0].name, others)


class _Merger:
    """Takes one document after the other into the first."""

    def __init__(self, target: pikepdf.Pdf, bookmarks: Bookmarks, *, tagged: bool) -> None:
        self._target = target
        self.outlines = Outlines(target, bookmarks)
        self._destinations = Destinations(target)
        self._names = NameTrees(target)
        self._labels = Labels(target)
        self._forms = Forms(target)
        self._layers = Layers(target)
        self._tags = Tags(target, kept=tagged)
        self._threads = _threads(target.Root.get("/Threads"))

    def take(self, source: pikepdf.Pdf, title: str, ordinal: int) -> None:
        forget_signatures(source)
        parts: dict[str, Object] = {
            "/Destinations": self._destinations.part(source, ordinal),
            "/Outlines": self.outlines.part(source),
            "/Names": self._names.part(source),
            "/Labels": self._labels.part(source),
            "/Form": self._forms.part(source, ordinal),
            "/Layers": self._layers.part(source),
            "/Tags": self._tags.part(source),
            "/Threads": Array(_threads(source.Root.get("/Threads"))),
        }
        pages, made = graft(source, self._target, [page.obj for page in source.pages], parts)
        self._destinations.add(made["/Destinations"])
        self.outlines.add(made["/Outlines"], pages[0], title)
        self._names.add(made["/Names"], ordinal)
        self._labels.add(made["/Labels"], len(pages))
        self._forms.add(made["/Form"])
        self._layers.add(made["/Layers"])
        self._tags.add(made["/Tags"])
        self._threads += list(made["/Threads"])

    def finish(self, *, alone: bool) -> None:
        """Write what was gathered; a document alone keeps all that it has as it is."""
        self.outlines.finish()
        if alone:
            return
        self._destinations.finish()
        self._names.finish()
        self._labels.finish()
        self._tags.finish()
        if self._threads:
            self._target.Root["/Threads"] = Array(self._threads)


def _threads(threads: Object | None) -> list[Object]:
    return [one for one in threads if isinstance(one, Dictionary)] if isinstance(threads, Array) else []


def _title(name: str) -> str:
    return PurePosixPath(name).stem or name

"""Tasks whose answer is JSON, and the shapes of these answers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from filemill.kinds import Facts, Json
from filemill_server.dialects.filestack.request import Alias, DeliveryRequest, Handle, OneSource, SourceList
from filemill_server.dialects.filestack.tasks.base import Kind, Step, TaskOptions, not_implemented


class DataTask(TaskOptions, frozen=True, kw_only=True):
    """Base of the tasks that tell of a file; `takes` as of a `StepTask`."""

    takes: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def steps(self, kind: Kind) -> list[Step]:
        """Return the steps that gather what is told; none where no file has to be read."""
        return []


class ImageSize(DataTask, frozen=True, kw_only=True):
    """FS-76."""

    takes: ClassVar = (Kind.PICTURE,)

    def steps(self, kind: Kind) -> list[Step]:
        """Measure."""
        return [{"op": "picture-info", "exif": False, "colours": 0, "hashes": False}]


class PdfInfo(DataTask, frozen=True, kw_only=True):
    """FS-80."""

    takes: ClassVar = (Kind.DOCUMENT,)
    colorinfo: bool = False

    def steps(self, kind: Kind) -> list[Step]:
        """Gather the facts."""
        if self.colorinfo:
            raise not_implemented("/pdfinfo/colorinfo: the colours of pages are not measured.")
        return [{"op": "pdf-info"}]


class Metadata(DataTask, frozen=True, kw_only=True):
    """FS-76: what `/metadata` tells. The file API answers it; no step is run."""

    params: Annotated[list[str], Meta(max_length=30)] = []


class Ocr(DataTask, frozen=True, kw_only=True):
    """FS-85."""

    takes: ClassVar = (Kind.PICTURE, Kind.DOCUMENT)

    def steps(self, kind: Kind) -> list[Step]:
        """Read the text with the box of every word."""
        return [{"op": "ocr", "words": True}]


class Debug(DataTask, frozen=True, kw_only=True):
    """FS-54: tells of the chain instead of running it."""


def image_size(facts: Mapping[str, Json]) -> Facts:
    """Shape the answer of `imagesize` from the facts of `picture-info`."""
    return {"width": facts["width"], "height": facts["height"]}


def pdf_info(facts: Mapping[str, Any]) -> Facts:
    """Shape the answer of `pdfinfo` from the facts of `pdf-info`; the size is the first page's, points."""
    told: Mapping[str, Json] = facts.get("metadata") or {}
    size: Mapping[str, Json] = next(iter(facts.get("sizes") or ()), {})
    return {
        "pages": facts.get("pages"),
        "width": size.get("width"),
        "height": size.get("height"),
        "version": facts["version"],
        "encrypted": facts["encrypted"],
        **{name: told.get(name) for name in ("title", "author", "creator", "producer")},
    }


def debug_answer(request: DeliveryRequest) -> Facts:
    """Shape the answer of `debug`: the tasks but itself, and the source as it was understood."""
    tasks: list[Json] = [
        {"name": task.name, "params": {name: _plain(value) for name, value in task.options.items()}}
        for task in request.tasks
        if task.name != "debug"
    ]
    return {"tasks": tasks, "source": _named(request.source)}


def ocr_answer(facts: Mapping[str, Any], text: str) -> Facts:
    """Shape the answer of `ocr` from the facts of our `ocr` with words.

    An area is a page; a line is the words that follow each other at one height.
    """
    pages: list[Mapping[str, Any]] = list(facts["pages"])
    areas: list[Json] = [_area(page) for page in pages if page.get("words")]
    whole = sum(page["width"] * page["height"] for page in pages)
    covered = sum(word["width"] * word["height"] for page in pages for word in page.get("words", ()))
    share = round(100 * covered / whole, 2) if whole else 0.0
    return {"text": text, "text_area_percentage": share, "document": {"text_areas": areas}}


def _area(page: Mapping[str, Any]) -> Facts:
    lines: list[Json] = []
    numbered = _lines(page["words"])
    for _, group in groupby(numbered, key=lambda pair: pair[0]):
        words = [word for _, word in group]
        told: list[Json] = [{"text": word["text"], "bounding_box": _box([word])} for word in words]
        lines.append({"text": " ".join(word["text"] for word in words), "bounding_box": _box(words), "words": told})
    return {"text": page["text"], "bounding_box": _box(page["words"]), "lines": lines}


def _lines(words: list[Mapping[str, Any]]) -> list[tuple[int, Mapping[str, Any]]]:
    """Number the lines: a word that begins left of the one before it, or lies below it, begins a new one."""
    numbered: list[tuple[int, Mapping[str, Any]]] = []
    line = 0
    for word in words:
        before = numbered[-1][1] if numbered else word
        below = word["top"] >= before["top"] + before["height"]
        line += below or word["left"] < before["left"]
        numbered.append((line, word))
    return numbered


def _box(words: list[Mapping[str, Any]]) -> list[Json]:
    """Return the corners of the box around words, clockwise from the top left."""
    left, top = min(word["left"] for word in words), min(word["top"] for word in words)
    right = max(word["left"] + word["width"] for word in words)
    bottom = max(word["top"] + word["height"] for word in words)
    return [{"x": x, "y": y} for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]


def _named(source: OneSource | SourceList) -> Json:
    if isinstance(source, SourceList):
        return [_named(one) for one in source.sources]
    if isinstance(source, Handle):
        return source.handle
    return f"src://{source.alias}/{source.path}" if isinstance(source, Alias) else source.url


def _plain(value: object) -> Json:
    return [_plain(item) for item in value] if isinstance(value, tuple) else str(value)

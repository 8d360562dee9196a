"""What FileWhirl's `to` comes to: for each format that a file can have, the operations that the plugins bring."""

from __future__ import annotations

from collections.abc import Mapping

from filemill.document import Document
from filemill.formats import Format
from filemill.picture import Picture
from filemill.registry import Registry

Step = Mapping[str, object]

_ENGINES = {
    "compress": "libvips",
    "convert": "libvips",
    "images-to-pdf": "qpdf",
    "compress-pdf": "qpdf",
    "rasterize": "pdfium",
    "extract-text": "pdfium",
    "ocr": "tesseract",
}
_READ = ("text", "hocr", "tsv")
"""What the text of a picture or a document can be had as."""


def conversions(registry: Registry, target: str) -> Mapping[str, Step]:
    """Return the step that makes a format of each other one, and of itself a smaller file (FW-12, FW-13).

    Args:
        registry: the formats and the operations that there are.
        target: the wanted format, by any of its names; one that nothing can become gives nothing.
    """
    wanted = registry.formats.find(target)
    if wanted is None:
        return {}
    sources = (form for form in registry.formats if form.open is not None)
    return {source.name: step for source in sources if (step := _step(registry, source, wanted)) is not None}


def engine_of(operation: str) -> str:
    """Return the short name of what does an operation (FW-32)."""
    return _ENGINES.get(operation, "filemill")


def _step(registry: Registry, source: Format, wanted: Format) -> Step | None:
    """Return the first step that can be done here."""
    return next((step for step in _steps(source, wanted) if _works(registry, str(step["op"]))), None)


def _steps(source: Format, wanted: Format) -> list[Step]:
    """Return the steps that make one format of another, the best one first."""
    picture, document = issubclass(source.kind, Picture), issubclass(source.kind, Document)
    if wanted.name in _READ and (picture or document):
        read: list[Step] = [{"op": "ocr", "format": wanted.name}]
        return [*read, {"op": "extract-text"}] if document and wanted.name == "text" else read
    if wanted.save is None:
        return []
    if issubclass(wanted.kind, Picture):
        if picture:
            return [{"op": "compress"} if source is wanted else {"op": "convert", "format": wanted.name}]
        return [{"op": "rasterize", "format": wanted.name}] if document else []
    if issubclass(wanted.kind, Document):
        if document:
            return [{"op": "compress-pdf"}] if source is wanted else []
        return [{"op": "images-to-pdf"}] if picture else []
    return []


def _works(registry: Registry, operation: str) -> bool:
    return (entry := registry.operations.get(operation)) is not None and entry.missing is None

"""Resources that pages share: each page keeps those alone that its content names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pikepdf
from pikepdf import Array, Dictionary, Object, Stream

from filemill_pdf.structures.names import dictionary, key_of

_TEXT = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]+)")
_USE = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]+)\s+(?:[-+.0-9]+\s+Tf|Do|gs|cs|CS|scn|SCN|sh)\b")
"""A name with the operator that takes it: no need to look whether it stands in a text."""
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_NAMED = ("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
_DRAWN = ("/XObject", "/Pattern", "/Font")
"""Categories of what may itself draw with resources."""
Ids = set[tuple[int, int]]


class SharedResources:
    """Knows which resources several pages share, and prunes a page's.

    Args:
        pages: all page objects of the document.
    """

    def __init__(self, pages: Iterable[Object]) -> None:
        uses: Counter[tuple[int, int]] = Counter()
        for page in pages:
            resources = page.get("/Resources")
            if isinstance(resources, Dictionary):
                uses.update(one.objgen for one in (resources, *_categories(resources).values()) if one.is_indirect)
        self._shared: Ids = {objgen for objgen, times in uses.items() if times > 1}
        self._pruned: Ids = set()

    def prune(self, page: Object) -> None:
        """Give a page resources of its own, where it shares them with others."""
        resources = page.get("/Resources")
        if self._shared and isinstance(resources, Dictionary) and self._is_shared(resources):
            page["/Resources"] = self._own(resources, _content(page.get("/Contents")))

    def _is_shared(self, resources: Object) -> bool:
        if resources.is_indirect and resources.objgen in self._shared:
            return True
        return any(one.is_indirect and one.objgen in self._shared for one in _categories(resources).values())

    def _own(self, resources: Object, content: bytes) -> Dictionary:
        """Return the resources that a content names, and those that what it draws takes from here as well."""
        categories = _categories(resources)
        keys = {key: _keys(category) for key, category in categories.items()}
        every = set[str]().union(*keys.values())
        names, new = set[str](), _names(content, every)
        while new:
            names |= new
            drawn = [categories[key][name] for key in _DRAWN if key in categories for name in new & keys[key]]
            new = {name for one in drawn for name in self._borrowed(one, every)} - names
        own = dictionary({key: value for key, value in resources.items() if key not in categories})
        for key, category in categories.items():
            own[key] = dictionary({name: category[name] for name in sorted(keys[key] & names)})
        return own

    def _borrowed(self, drawn: Object, every: set[str]) -> set[str]:
        """Return the names that a form, pattern or font takes from who draws it; prune its own resources."""
        streams = _streams(drawn)
        holder = drawn.stream_dict if isinstance(drawn, Stream) else drawn
        resources = holder.get("/Resources") if isinstance(holder, Dictionary) else None
        if not isinstance(resources, Dictionary):
            return {name for stream in streams for name in _names(_content(stream), every)}
        if self._is_shared(resources) and drawn.objgen not in self._pruned:
            self._pruned.add(drawn.objgen)
            holder["/Resources"] = self._own(resources, b"\n".join(map(_content, streams)))
        return set()


def _categories(resources: Object) -> dict[str, Object]:
    found = {key: resources.get(key) for key in _NAMED}
    return {key: value for key, value in found.items() if isinstance(value, Dictionary)}


def _keys(category: Object) -> set[str]:
    return {key for key, _ in category.items()}


def _streams(drawn: Object) -> list[Object]:
    """Return the content streams of a form, a pattern or a font that is drawn; none of anything else."""
    if isinstance(drawn, Stream):
        return [drawn] if drawn.stream_dict.get("/Subtype") != "/Image" else []
    glyphs = drawn.get("/CharProcs") if isinstance(drawn, Dictionary) else None
    return [one for _, one in glyphs.items() if isinstance(one, Stream)] if isinstance(glyphs, Dictionary) else []


def _content(contents: Object | None) -> bytes:
    """Return decoded content; what can't be decoded draws nothing."""
    parts = list(contents) if isinstance(contents, Array) else [contents]
    found: list[bytes] = []
    for part in parts:
        if isinstance(part, Stream):
            try:
                found.append(part.read_bytes())
            except (pikepdf.PdfError, NotImplementedError):
                continue
    return b"\n".join(found)


def _names(content: bytes, known: set[str]) -> set[str]:
    """Return the known names that a content stream uses: perhaps one too many, never one too few."""
    found = _readable(_NAME.findall(content)) & known
    if found <= _readable(_USE.findall(content)):
        return found
    return _readable(_NAME.findall(_TEXT.sub(b"", content))) & known


def _readable(names: list[bytes]) -> set[str]:
    plain = (_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), name) for name in set(names))
    return {key_of(name) for name in plain}

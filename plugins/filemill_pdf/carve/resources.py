"""Resources: each page, and whatever is drawn on it, keeps those alone that its content names."""

from __future__ import annotations

from collections.abc import Iterable

from pikepdf import Array, Dictionary, Name, Object, Stream

from filemill_pdf.carve.contents import ANY, Use, decoded, uses
from filemill_pdf.structures.names import dictionary, key_of

_CATEGORIES = ("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
_OTHER = ("/ProcSet",)
_DEFAULTS = frozenset({("/ColorSpace", key) for key in ("/DefaultGray", "/DefaultRGB", "/DefaultCMYK")})
"""Colour spaces that are in use without being named."""
Uses = frozenset[Use]
Categories = dict[str, dict[str, Object]]


class ResourceParts:
    """Prunes the resources of pages and of the forms, patterns, glyphs and masks that they draw.

    Documents share resources among pages in many ways: one dictionary for all, one that a tree node hands down,
    equal lists on each page, or forms that hold those of others. What is listed and not drawn goes, however
    it came there.
    """

    def __init__(self) -> None:
        self._borrowed: dict[tuple[int, int], Uses] = {}

    def prune(self, page: Object, appearances: Iterable[Object]) -> None:
        """Prune the resources of a page, on which annotations with some appearances stand."""
        found = set(uses(decoded(page.get("/Contents"))))
        for drawn in appearances:
            found |= self._of(drawn)
        resources = page.get("/Resources")
        if isinstance(resources, Dictionary):
            page["/Resources"], _ = self._own(resources, found)

    def _own(self, resources: Object, named: Iterable[Use]) -> tuple[Object, Uses]:
        """Return the resources that are named, and the uses that these resources have nothing for."""
        categories: Categories = {
            key: dict(category.items()) for key in _CATEGORIES if isinstance(category := resources.get(key), Dictionary)
        }
        kept: dict[str, set[str]] = {key: set() for key in categories}
        looked: set[Use] = set()
        missing: set[Use] = set()
        new = set(named) | _DEFAULTS
        while new:
            looked |= new
            more: set[Use] = set()
            for kind, name in new:
                places = [key for key in (categories if kind == ANY else [kind]) if name in categories.get(key, ())]
                if not places:
                    missing.add((kind, name))
                for place in places:
                    if name not in kept[place]:
                        kept[place].add(name)
                        more |= self._of(categories[place][name])
            new = more - looked
        missing -= _DEFAULTS
        if not (set(resources.keys()) - {*categories, *_OTHER}) and all(
            len(kept[key]) == len(listed) for key, listed in categories.items()
        ):
            return resources, frozenset(missing)
        own = dictionary({key: resources[key] for key in _OTHER if key in resources})
        for key, names in kept.items():
            if names:
                own[key] = dictionary({name: categories[key][name] for name in sorted(names)})
        return own, frozenset(missing)

    def _of(self, drawn: Object) -> Uses:
        """Prune what is drawn, once, and return what it takes from the resources of whoever draws it."""
        if isinstance(drawn, Array):
            return frozenset(("/ColorSpace", key_of(bytes(one)[1:])) for one in drawn if isinstance(one, Name))
        if not isinstance(drawn, (Dictionary, Stream)):
            return frozenset()
        if not drawn.is_indirect:
            return self._taken(drawn)
        found = self._borrowed.get(drawn.objgen)
        if found is None:
            self._borrowed[drawn.objgen] = frozenset()  # what draws itself takes nothing more the second time
            found = self._borrowed[drawn.objgen] = self._taken(drawn)
        return found

    def _taken(self, drawn: Object) -> Uses:
        holder = drawn.stream_dict if isinstance(drawn, Stream) else drawn
        if "/PieceInfo" in holder:
            del holder["/PieceInfo"]  # private data of a program: it may be of all pages
        found: set[Use] = set()
        space = holder.get("/ColorSpace")
        if isinstance(space, Name):
            found.add(("/ColorSpace", key_of(bytes(space)[1:])))
        for inner in _inner(holder):
            found |= self._of(inner)
        streams = _streams(drawn)
        for stream in streams:
            found |= uses(decoded(stream))
        resources = holder.get("/Resources")
        if not streams or not isinstance(resources, Dictionary):
            return frozenset(found)
        own, missing = self._own(resources, found)
        holder["/Resources"] = own
        return missing


def _inner(holder: Object) -> list[Object]:
    """Return what a graphics state or a pattern draws with: the form of a mask, a font, a shading."""
    mask, font, shading = (holder.get(key) for key in ("/SMask", "/Font", "/Shading"))
    found = [
        mask.get("/G") if isinstance(mask, Dictionary) else None,
        font[0] if isinstance(font, Array) and len(font) > 0 else None,
        shading,
    ]
    return [one for one in found if isinstance(one, (Dictionary, Stream))]


def _streams(drawn: Object) -> list[Object]:
    """Return the content streams of a form, a pattern or a font that is drawn; none of anything else."""
    if isinstance(drawn, Stream):
        about = drawn.stream_dict
        return [drawn] if about.get("/Subtype") == Name.Form or "/PatternType" in about or "/BBox" in about else []
    glyphs = drawn.get("/CharProcs") if isinstance(drawn, Dictionary) else None
    return [one for _, one in glyphs.items() if isinstance(one, Stream)] if isinstance(glyphs, Dictionary) else []

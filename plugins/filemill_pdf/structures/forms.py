"""Interactive forms: equal field names made distinct, values, fonts and defaults kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.structures.names import bytes_of, key_of, whole_number

_DEFAULTS = ("/DA", "/Q")
"""What a form gives to all fields that have none of their own."""
_SIGNATURES_EXIST = 1
_FONT = re.compile(rb"/([^\s/()<>\[\]{}%]+)")


class Forms:
    """Gathers the form fields of many documents in the catalogue of one.

    A field of a later document whose name is taken gets a number; as the full name of a field begins with
    the name of its topmost parent, only those are renamed.
    """

    def __init__(self, target: pikepdf.Pdf) -> None:
        self._target = target
        self._names = {bytes(field["/T"]) for field in top_fields(target) if isinstance(field.get("/T"), String)}

    def part(self, source: pikepdf.Pdf, ordinal: int) -> Object:
        """Make the fields of a source fit for the target, and return what is to be copied."""
        form = source.Root.get("/AcroForm")
        fields = top_fields(source)
        if not isinstance(form, Dictionary) or not fields:
            return Dictionary()
        own = {bytes(field["/T"]) for field in fields if isinstance(field.get("/T"), String)}
        taken = self._names | own
        for field in fields:
            for key in _DEFAULTS:
                if key in form and key not in field:
                    field[key] = form[key]
            name = field.get("/T")
            if isinstance(name, String) and bytes(name) in self._names:
                new = _free(str(name), taken, ordinal)
                field["/T"] = String(new)
                taken.add(bytes(String(new)))
        self._names = taken
        self._keep_fonts_apart(form, fields, ordinal)
        kept = ("/Fields", "/DR", "/CO", "/NeedAppearances", "/SigFlags", *_DEFAULTS)
        return Dictionary({key: form[key] for key in kept if key in form})

    def add(self, copied: Object) -> None:
        """Take over the fields of a document."""
        if "/Fields" not in copied:
            return
        root = self._target.Root
        form = root.get("/AcroForm")
        if not isinstance(form, Dictionary) or not isinstance(form.get("/Fields"), Array):
            root["/AcroForm"] = self._target.make_indirect(copied)
            return
        for key in ("/Fields", "/CO"):
            if isinstance(copied.get(key), Array):
                form[key] = Array([*form.get(key, Array()), *copied[key]])
        if bool(copied.get("/NeedAppearances", False)):
            form["/NeedAppearances"] = True
        if _flags(copied) & _SIGNATURES_EXIST:
            form["/SigFlags"] = _flags(form) | _SIGNATURES_EXIST
        _merge_resources(form, copied.get("/DR"))

    def _keep_fonts_apart(self, form: Object, fields: list[Object], ordinal: int) -> None:
        """Rename the fonts of a source's form that the target has others for under the same names."""
        known = _fonts(self._target.Root.get("/AcroForm"))
        own = _fonts(form)
        if known is None or own is None:
            return
        renames: dict[bytes, bytes] = {}
        for key in list(own.keys()):
            if key in known and not _alike(known[key], own[key]):
                renames[bytes_of(key)] = new = b"%s-%d" % (bytes_of(key), ordinal)
                own[key_of(new)] = own[key]
                del own[key]
        if renames:
            for field in descendants(fields):
                appearance = field.get("/DA")
                if isinstance(appearance, String):
                    field["/DA"] = String(
                        _FONT.sub(lambda match: b"/" + renames.get(match[1], match[1]), bytes(appearance))
                    )


def top_fields(pdf: pikepdf.Pdf) -> list[Object]:
    """Return the topmost fields of a document's form."""
    form = pdf.Root.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, Dictionary) else None
    return [field for field in fields if isinstance(field, Dictionary)] if isinstance(fields, Array) else []


def descendants(fields: list[Object]) -> Iterator[Object]:
    """Yield fields and all below them, widgets included, each once."""
    seen: set[tuple[int, int]] = set()
    stack = list(reversed(fields))
    while stack:
        field = stack.pop()
        if not isinstance(field, Dictionary) or (field.is_indirect and field.objgen in seen):
            continue
        seen.add(field.objgen)
        yield field
        kids = field.get("/Kids")
        if isinstance(kids, Array):
            stack += reversed(list(kids))


def _free(name: str, taken: set[bytes], ordinal: int) -> str:
    while bytes(String(made := f"{name}-{ordinal}")) in taken:
        ordinal += 1
    return made


def _flags(form: Object) -> int:
    return whole_number(form.get("/SigFlags")) or 0


def _fonts(form: Object | None) -> Object | None:
    resources = form.get("/DR") if isinstance(form, Dictionary) else None
    fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
    return fonts if isinstance(fonts, Dictionary) else None


def _alike(one: Object, other: Object) -> bool:
    """Whether two fonts are the same: the same name and encoding, nothing embedded."""
    if not isinstance(one, Dictionary) or not isinstance(other, Dictionary):
        return False
    if "/FontDescriptor" in one or "/FontDescriptor" in other:
        return False
    return one.get("/BaseFont") == other.get("/BaseFont") and _encoding(one) == _encoding(other)


def _encoding(font: Object) -> bytes:
    encoding = font.get("/Encoding")
    return encoding.unparse(resolved=True) if isinstance(encoding, Object) else b""


def _merge_resources(form: Object, resources: Object | None) -> None:
    if not isinstance(resources, Dictionary):
        return
    own = form.get("/DR")
    if not isinstance(own, Dictionary):
        form["/DR"] = resources
        return
    for category, content in resources.items():
        known = own.get(category)
        if not isinstance(known, Dictionary) or not isinstance(content, Dictionary):
            if category not in own:
                own[category] = content
            continue
        for name, value in content.items():
            if name not in known:
                known[name] = value


def forget_signatures(pdf: pikepdf.Pdf) -> None:
    """Remove what a document says of being signed or of being an XFA form: neither outlives a merge."""
    for key in ("/Perms", "/DSS", "/Legal", "/Collection"):
        if key in pdf.Root:
            del pdf.Root[key]
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary):
        if "/XFA" in form:
            del form["/XFA"]
        for field in descendants(top_fields(pdf)):
            if field.get("/FT") == Name.Sig and "/V" in field:
                del field["/V"]

"""The part of a form that stands on some pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.carve.edits import Edits
from filemill_pdf.structures.forms import top_fields
from filemill_pdf.structures.names import dictionary, key_of

_LEFT_OUT = ("/Kids", "/Parent", "/Type")
_SIGNED = ("/V", "/Lock", "/SV")
"""What a signature field says of the whole document: the signature does not outlive its parting."""
_FONT = re.compile(rb"/([^\s/()<>\[\]{}%]+)")
Id = tuple[int, int]
Made = dict[Id, Object]
"""The fields of a part by the fields that they are of."""


class FormParts:
    """Cuts a form: a field stays with those of its widgets whose page stays.

    The fields above widgets are made anew for each part; the ones in the document are sealed, so that no
    reference takes them along.
    """

    def __init__(self, pdf: pikepdf.Pdf, sealed: Name) -> None:
        self._pdf = pdf
        form = pdf.Root.get("/AcroForm")
        self._form = form if isinstance(form, Dictionary) else None
        self._above: dict[Id, Object | None] = {}
        self._order: list[Object] = []
        self._rank: dict[Id, int] = {}
        self._by_name: dict[str, list[Object]] = {}
        self._read()
        for field in self._order:
            field["/Type"] = sealed

    def of(self, widgets: Sequence[Object], edits: Edits) -> tuple[Object | None, Made]:
        """Make the form of some widgets, which come to hang on the new fields; None where there is none.

        A widget that is part of no field of the form loses its parent.
        """
        kept = {widget.objgen for widget in widgets if widget.objgen in self._above}
        for widget in widgets:
            if widget.objgen not in kept and "/Parent" in widget:
                edits.put(widget, "/Parent", None)
        if self._form is None or not kept:
            return None, {}
        made: Made = {}
        children: dict[Id | None, list[Object]] = {}
        for rank in sorted(self._rank[objgen] for objgen in self._with_above(kept)):
            field = self._order[rank]
            above = self._above[field.objgen]
            parent = None if above is None else made[above.objgen]
            if field.objgen in kept:
                own = self._hung(field, parent, edits)
            else:
                own = self._copy(field, kept)
                if parent is not None:
                    own["/Parent"] = parent
            made[field.objgen] = own
            children.setdefault(None if above is None else above.objgen, []).append(own)
        for objgen, fields in children.items():
            if objgen is not None:
                made[objgen]["/Kids"] = Array(fields)
        return self._form_of(children[None], made), made

    def _with_above(self, kept: set[Id]) -> set[Id]:
        needed = set(kept)
        for objgen in kept:
            above = self._above[objgen]
            while above is not None and above.objgen not in needed:
                needed.add(above.objgen)
                above = self._above[above.objgen]
        return needed

    def _hung(self, widget: Object, parent: Object | None, edits: Edits) -> Object:
        """Hang a widget on the field that was made for the part."""
        edits.put(widget, "/Parent", parent)
        edits.put(widget, "/Kids", None)
        if self._inherited(widget, "/FT") == Name.Sig:
            for key in _SIGNED:
                edits.put(widget, key, None)
        return widget

    def named(self, reference: Object, made: Made) -> list[Object]:
        """Return the fields of a part that an action names: by a reference, or by the full name."""
        if isinstance(reference, String):
            return [made[field.objgen] for field in self._by_name.get(str(reference), ()) if field.objgen in made]
        return [made[reference.objgen]] if isinstance(reference, Dictionary) and reference.objgen in made else []

    def _copy(self, field: Object, kept: set[Id]) -> Object:
        own = dictionary({key: value for key, value in field.items() if key not in _LEFT_OUT})
        kind = self._inherited(field, "/FT")
        if kind == Name.Sig:
            for key in _SIGNED:
                if key in own:
                    del own[key]
        elif kind == Name.Btn:
            _cut_button(own, field, kept)
        return self._pdf.make_indirect(own)

    def _inherited(self, field: Object, key: str) -> Object | None:
        holder: Object | None = field
        while holder is not None:
            if key in holder:
                return holder[key]
            holder = self._above[holder.objgen]
        return None

    def _form_of(self, top: list[Object], made: Made) -> Object:
        assert self._form is not None
        form = {key: self._form[key] for key in ("/DA", "/Q", "/NeedAppearances") if key in self._form}
        form["/Fields"] = Array(top)
        order = self._form.get("/CO")
        if isinstance(order, Array):
            form["/CO"] = Array(
                [made[one.objgen] for one in order if isinstance(one, Dictionary) and one.objgen in made]
            )
        fonts = self._fonts([*made.values(), self._form])
        if fonts is not None:
            form["/DR"] = Dictionary(Font=fonts)
        return self._pdf.make_indirect(Dictionary(form))

    def _fonts(self, holders: Sequence[Object]) -> Object | None:
        assert self._form is not None
        resources = self._form.get("/DR")
        fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
        if not isinstance(fonts, Dictionary):
            return None
        looks = (holder.get("/DA") for holder in holders)
        names = {key_of(match) for look in looks if isinstance(look, String) for match in _FONT.findall(bytes(look))}
        return dictionary({key: fonts[key] for key in sorted(names) if key in fonts})

    def _read(self) -> None:
        waiting: list[tuple[Object, Object | None, str]] = [
            (field, None, "") for field in reversed(top_fields(self._pdf))
        ]
        while waiting:
            field, above, name = waiting.pop()
            if not field.is_indirect or field.objgen in self._above:
                continue
            self._above[field.objgen] = above
            self._rank[field.objgen] = len(self._order)
            self._order.append(field)
            own = field.get("/T")
            if isinstance(own, String):
                name = f"{name}.{own}" if name else str(own)
                self._by_name.setdefault(name, []).append(field)
            kids = field.get("/Kids")
            if isinstance(kids, Array):
                waiting += [(kid, field, name) for kid in reversed(list(kids)) if isinstance(kid, Dictionary)]


def _cut_button(own: Object, field: Object, kept: set[Id]) -> None:
    """Take from a check box or radio group what is of the buttons that go: their values, and the choice of one."""
    kids = field.get("/Kids")
    buttons = [kid for kid in kids if isinstance(kid, Dictionary)] if isinstance(kids, Array) else []
    staying = [kid.objgen in kept for kid in buttons]
    if all(staying):
        return
    values = own.get("/Opt")
    if isinstance(values, Array):
        places = zip(values, [*staying, *[False] * len(values)], strict=False)
        own["/Opt"] = Array([value if stays else String("") for value, stays in places])
    states = {state for kid in buttons if kid.objgen in kept for state in _states(kid)}
    for key in ("/V", "/DV"):
        if isinstance(own.get(key), Name) and str(own[key]) not in states:
            own[key] = Name.Off


def _states(button: Object) -> Iterator[str]:
    appearances = button.get("/AP")
    for looks in (appearances.get(key) for key in ("/N", "/D")) if isinstance(appearances, Dictionary) else ():
        if isinstance(looks, Dictionary):
            yield from looks.keys()

"""The part of a form that stands on some pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from filemill_pdf.structures.forms import top_fields
from filemill_pdf.structures.names import dictionary, key_of

_LEFT_OUT = ("/Kids", "/Parent", "/Type")
_FONT = re.compile(rb"/([^\s/()<>\[\]{}%]+)")
Id = tuple[int, int]


class FormParts:
    """Cuts a form: a field stays with those of its widgets whose page stays.

    The fields above widgets are made anew for each part; the ones in the document are sealed, so that no
    reference takes them along.
    """

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        form = pdf.Root.get("/AcroForm")
        self._form = form if isinstance(form, Dictionary) else None
        self._above: dict[Id, Object | None] = {}
        self._order: list[Object] = []
        self._read()

    def of(self, widgets: Sequence[Object]) -> Object | None:
        """Make the form of some widgets, which come to hang on the new fields; None where there is none.

        A widget that is part of no field of the form loses its parent.
        """
        kept = {widget.objgen for widget in widgets if widget.objgen in self._above}
        for widget in widgets:
            if widget.objgen not in kept and "/Parent" in widget:
                del widget["/Parent"]
        if self._form is None or not kept:
            return None
        needed = set(kept)
        for objgen in kept:
            above = self._above[objgen]
            while above is not None:
                needed.add(above.objgen)
                above = self._above[above.objgen]
        made: dict[Id, Object] = {}
        top: list[Object] = []
        for field in self._order:
            if field.objgen in needed:
                made[field.objgen] = own = field if field.objgen in kept else self._copy(field)
                above = self._above[field.objgen]
                if above is None:
                    top.append(own)
                else:
                    parent = made[above.objgen]
                    own["/Parent"] = parent
                    parent["/Kids"] = Array([*parent.get("/Kids", Array()), own])
        return self._form_of(top, made)

    def _copy(self, field: Object) -> Object:
        return self._pdf.make_indirect(dictionary({key: value for key, value in field.items() if key not in _LEFT_OUT}))

    def _form_of(self, top: list[Object], made: dict[Id, Object]) -> Object:
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
        return dictionary({key: font for key, font in fonts.items() if key in names})

    def _read(self) -> None:
        stack: list[tuple[Object, Object | None]] = [(field, None) for field in reversed(top_fields(self._pdf))]
        while stack:
            field, above = stack.pop()
            if not field.is_indirect or field.objgen in self._above:
                continue
            self._above[field.objgen] = above
            self._order.append(field)
            kids = field.get("/Kids")
            if isinstance(kids, Array):
                stack += [(kid, field) for kid in reversed(list(kids)) if isinstance(kid, Dictionary)]
        for field in self._order:
            if field.get("/Subtype") != Name.Widget:
                field["/Type"] = Name.Page  # sealed: see `filemill_pdf.structures.graft`

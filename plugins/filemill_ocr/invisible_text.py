"""The invisible text of an earlier OCR, taken out of pages and of the forms they draw."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

import pikepdf
from pikepdf import Dictionary, Name, Operator

_VISIBLE, _INVISIBLE = 0, 3
"""Text rendering modes: filled, with which a page begins; neither filled nor stroked."""
_SHOWN = frozenset(map(Operator, ("Tj", "TJ", "'", '"')))
_STORED = frozenset({"/Length", "/Filter", "/DecodeParms"})
"""What describes how a stream is stored, not what it is."""
_DEEPEST = 12
"""Forms inside forms that are looked into."""

_Key = tuple[object, ...]


class InvisibleText:
    """Takes invisible text out of the pages of a PDF.

    Args:
        pdf: whose pages change.
    """

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        # Each form is looked into once: ten levels of forms that draw the next one ten times are 10^10 drawings.
        self._forms: dict[_Key, pikepdf.Stream | None] = {}

    def remove(self, page: pikepdf.Page) -> bool:
        """Take the invisible text out of a page; return whether there was any."""
        resources = copied(page.resources)
        kept = self._kept(page.obj, resources, _VISIBLE, page.obj.objgen, _DEEPEST)
        if kept is None:
            return False
        page.obj.Contents = deflated(self._pdf, kept, {})
        page.obj.Resources = resources
        return True

    def _kept(
        self, content: pikepdf.Object, resources: Dictionary, mode: int, owner: tuple[int, int], deepest: int
    ) -> bytes | None:
        """Return a content stream without its invisible text; None where it has none.

        Forms that change are copied, and `resources`, which are those of `owner`, are made to name the copies.
        """
        modes = [mode]
        kept: list[pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage] = []
        changed = False
        for part in pikepdf.parse_content_stream(content):
            operator = str(part.operator)
            if operator == "q":
                modes.append(modes[-1])
            elif operator == "Q" and len(modes) > 1:
                modes.pop()
            elif operator == "Tr" and part.operands:
                modes[-1] = int(part.operands[0])
            elif part.operator in _SHOWN and modes[-1] == _INVISIBLE:
                changed = True
                continue
            elif operator == "Do" and part.operands and deepest:
                changed |= self._changed_form(str(part.operands[0]), resources, modes[-1], owner, deepest - 1)
            kept.append(part)
        return pikepdf.unparse_content_stream(kept) if changed else None

    def _changed_form(self, name: str, resources: Dictionary, mode: int, owner: tuple[int, int], deepest: int) -> bool:
        forms = copied(resources.get("/XObject"))
        form = forms.get(name)
        if not isinstance(form, pikepdf.Stream) or form.get("/Subtype") != Name.Form:
            return False
        # One without resources of its own draws with those of what draws it.
        key = (form.objgen, mode) if "/Resources" in form else (form.objgen, mode, owner)
        if key not in self._forms:
            self._forms[key] = None  # a form that draws itself
            self._forms[key] = self._without(form, resources, mode, owner, deepest)
        copy = self._forms[key]
        if copy is None:
            return False
        forms[name] = copy
        resources.XObject = forms
        return True

    def _without(
        self, form: pikepdf.Stream, around: Dictionary, mode: int, owner: tuple[int, int], deepest: int
    ) -> pikepdf.Stream | None:
        """Return a copy of a form without its invisible text; None where it has none."""
        own = copied(form.get("/Resources", around))
        kept = self._kept(form, own, mode, form.objgen if "/Resources" in form else owner, deepest)
        if kept is None:
            return None
        described: Iterable[tuple[str, pikepdf.Object]] = form.items()
        copy = deflated(self._pdf, kept, {key: value for key, value in described if key not in _STORED})
        copy.Resources = own
        return copy


def deflated(pdf: pikepdf.Pdf, content: bytes, described: Mapping[str, object]) -> pikepdf.Stream:
    """Make a compressed stream."""
    return pdf.make_stream(zlib.compress(content), {**described, "/Filter": Name.FlateDecode})


def copied(found: object) -> Dictionary:
    """Return a dictionary of its own with the same values; an empty one where there is none."""
    copy = Dictionary()
    if isinstance(found, pikepdf.Object):
        for key, value in found.items():
            copy[key] = value
    return copy

"""Invisible text on the pages of a PDF: laid under what is shown, and taken away again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name, Operator

from filemill_ocr.matrices import centred, page_rotation
from filemill_ocr.reading import Reading

_VISIBLE, _INVISIBLE = 0, 3
"""Text rendering modes: filled, with which a page begins; neither filled nor stroked."""
_SHOWN = frozenset(map(Operator, ("Tj", "TJ", "'", '"')))
_STORED = frozenset({"/Length", "/Filter", "/DecodeParms"})
"""What describes how a stream is stored, not what it is."""
_DEEPEST = 12
"""Forms inside forms that are looked into."""


class TextLayers:
    """Lays the text that Tesseract wrote for each page under that page.

    All layers share the one font they have in common.

    Args:
        pdf: whose pages get text.
    """

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._font: pikepdf.Object | None = None

    def lay(self, page: pikepdf.Page, reading: Reading, layer: Path) -> None:
        """Lay the text of a reading where its letters stand in the picture.

        Args:
            page: as it was read.
            reading: tells how the page was turned and put level before it was read.
            layer: the PDF of the text alone.
        """
        with pikepdf.open(layer) as text:
            source = text.pages[0]
            width, height = (float(side) for side in source.mediabox[2:])
            form = self._pdf.copy_foreign(source.as_form_xobject(handle_transformations=False))
        fonts = form.Resources.Font
        for name in list(fonts.keys()):
            self._font = self._font if self._font is not None else fonts[name]
            fonts[name] = self._font
        degrees = page_rotation(page) + reading.rotation - reading.skew
        name = _added(page, form)
        # Before all that is drawn: nothing there can have moved the page's coordinates yet.
        page.contents_add(f"q {centred(width, height, degrees, page)} cm {name} Do Q\n".encode(), prepend=True)


def _added(page: pikepdf.Page, form: pikepdf.Object) -> str:
    """Put a form among the page's resources, which it may share with other pages; return its name."""
    resources = _copied(page.resources)
    forms = _copied(resources.get("/XObject"))
    name = next(name for number in range(len(forms) + 1) if (name := f"/Text{number}") not in forms)
    forms[name] = form
    resources.XObject = forms
    page.obj.Resources = resources
    return name


def without_invisible_text(pdf: pikepdf.Pdf) -> None:
    """Take the invisible text out of all pages: what an earlier OCR left."""
    for page in pdf.pages:
        resources = _copied(page.resources)
        kept = _kept(pdf, page.obj, resources, _VISIBLE, _DEEPEST)
        if kept is not None:
            page.obj.Contents = pdf.make_stream(kept)
            page.obj.Resources = resources


def _kept(pdf: pikepdf.Pdf, content: pikepdf.Object, resources: Dictionary, mode: int, deepest: int) -> bytes | None:
    """Return a content stream without its invisible text; None where it has none.

    Forms that change are copied, and `resources` is made to name the copies.
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
        elif operator == "Tr":
            modes[-1] = int(part.operands[0])
        elif part.operator in _SHOWN and modes[-1] == _INVISIBLE:
            changed = True
            continue
        elif operator == "Do" and deepest:
            changed |= _changed_form(pdf, str(part.operands[0]), resources, modes[-1], deepest - 1)
        kept.append(part)
    return pikepdf.unparse_content_stream(kept) if changed else None


def _changed_form(pdf: pikepdf.Pdf, name: str, resources: Dictionary, mode: int, deepest: int) -> bool:
    form = _copied(resources.get("/XObject")).get(name)
    if form is None or form.get("/Subtype") != Name.Form:
        return False
    own = _copied(form.get("/Resources", resources))
    kept = _kept(pdf, form, own, mode, deepest)
    if kept is None:
        return False
    described: Iterable[tuple[str, pikepdf.Object]] = form.items()
    copy = pdf.make_stream(kept, {key: value for key, value in described if key not in _STORED})
    copy.Resources = own
    forms = _copied(resources.XObject)
    forms[name] = copy
    resources.XObject = forms
    return True


def _copied(found: object) -> Dictionary:
    """Return a dictionary of its own with the same values; an empty one where there is none."""
    copy = Dictionary()
    if isinstance(found, pikepdf.Object):
        for key, value in found.items():
            copy[key] = value
    return copy

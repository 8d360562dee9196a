"""Invisible text, laid under what pages of a PDF show."""

from __future__ import annotations

import zlib
from pathlib import Path

import pikepdf

from filemill_ocr.invisible_text import copied
from filemill_ocr.matrices import centred, page_rotation
from filemill_ocr.reading import Reading


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
            form.write(zlib.compress(form.read_bytes()), filter=pikepdf.Name.FlateDecode)
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
    resources = copied(page.resources)
    forms = copied(resources.get("/XObject"))
    name = next(name for number in range(len(forms) + 1) if (name := f"/Text{number}") not in forms)
    forms[name] = form
    resources.XObject = forms
    page.obj.Resources = resources
    return name

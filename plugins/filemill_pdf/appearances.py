"""Looks of form fields, drawn once, where a document leaves that to whoever shows it."""

from __future__ import annotations

import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name, Object

from filemill import Context
from filemill_pdf.structures.destinations import annotations_of

_WISH = "/NeedAppearances"


def draw_fields(pdf: pikepdf.Pdf, password: str | None, context: Context) -> None:
    """Give the fields of a document the looks that PDFium gives them, where it asks the reader to draw them.

    The wish is one of the whole document: in a merged one it would redraw the fields of all the others. It
    stays where PDFium can't open the document.

    Args:
        pdf: as it was opened from a file; is changed.
        password: what opens the file.
        context: gives the working folder.
    """
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, Dictionary) or not bool(form.get(_WISH, False)):
        return
    widgets = {index: found for index, page in enumerate(pdf.pages) if (found := _widgets(page.obj))}
    path = context.path("pdf")
    try:
        with pypdfium2.PdfDocument(pdf.filename, password=password) as drawing:
            drawing.init_forms()
            for index in widgets:
                drawing[index].close()  # drawn when it is loaded
            drawing.save(path)
    except pypdfium2.PdfiumError:
        return
    drawn = pikepdf.open(path, password=password or "")  # stays open as long as what is copied of it
    for widget in (one for found in widgets.values() for one in found if one.is_indirect):
        looks = drawn.get_object(widget.objgen).get("/AP")
        if isinstance(looks, Dictionary):
            widget["/AP"] = pdf.copy_foreign(drawn.make_indirect(looks))
    del form[_WISH]


def _widgets(page: Object) -> list[Object]:
    return [one for one in annotations_of(page) if one.get("/Subtype") == Name.Widget]

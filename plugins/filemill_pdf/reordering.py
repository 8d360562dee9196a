"""Changes the order and the rotation of pages in a document that keeps everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name

from filemill import Context, Document
from filemill_pdf.carve.labels import LabelParts
from filemill_pdf.opening import open_pdf, save_pdf


def reorder(document: Document, numbers: Sequence[int], context: Context) -> Document:
    """Write the pages, counted from 1, in another order; each page keeps its label."""
    with open_pdf(document, context) as pdf:
        pages = [page.obj for page in pdf.pages]
        labels = LabelParts(pdf).of([number - 1 for number in numbers])
        if labels is not None:
            pdf.Root["/PageLabels"] = labels
        # A page that is set in another's place becomes a copy, and links go on leading to the old one.
        tree = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=len(pages)))
        tree["/Kids"] = Array([pages[number - 1] for number in numbers])
        for page in pages:
            page["/Parent"] = tree
        pdf.Root["/Pages"] = tree
        return save_pdf(pdf, context, document.file.name)


def rotate(document: Document, numbers: Iterable[int], angle: int, context: Context) -> Document:
    """Turn pages, counted from 1, clockwise."""
    with open_pdf(document, context) as pdf:
        for number in numbers:
            pdf.pages[number - 1].rotate(angle % 360, relative=True)
        return save_pdf(pdf, context, document.file.name)


def shown_size(page: pikepdf.Page) -> tuple[float, float]:
    """Return a page's width and height as it is shown, points."""
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    width, height = abs(right - left), abs(top - bottom)
    return (height, width) if page.rotation % 180 else (width, height)

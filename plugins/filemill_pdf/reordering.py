"""Changes the order and the rotation of pages in a document that keeps everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pikepdf

from filemill import Context, Document
from filemill_pdf.opening import open_pdf, save_pdf
from filemill_pdf.structures.labels import label_at
from filemill_pdf.structures.trees import number_tree, numbered


def reorder(document: Document, numbers: Sequence[int], context: Context) -> Document:
    """Write the pages, counted from 1, in another order; each page keeps its label."""
    with open_pdf(document, context) as pdf:
        labels = dict(numbered(pdf.Root.get("/PageLabels")))
        pages = list(pdf.pages)
        for place, number in enumerate(numbers):
            pdf.pages[place] = pages[number - 1]
        if labels:
            moved = {
                place: label_at(labels, number - 1)
                for place, number in enumerate(numbers)
                if place == 0 or number != numbers[place - 1] + 1 or number - 1 in labels
            }
            pdf.Root["/PageLabels"] = number_tree(pdf, moved)
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

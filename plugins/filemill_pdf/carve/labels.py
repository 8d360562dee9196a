"""The labels that pages keep when they come to stand elsewhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import pikepdf
from pikepdf import Object

from filemill_pdf.structures.labels import label_at
from filemill_pdf.structures.trees import number_tree, numbered


class LabelParts:
    """Makes the label tree of pages in a new order."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._labels = dict(numbered(pdf.Root.get("/PageLabels")))
        self._starts = sorted(self._labels)

    def of(self, indexes: Sequence[int]) -> Object | None:
        """Make the labels of pages, from 0; None where the document has none."""
        if not self._labels:
            return None
        made: dict[int, Object] = {}
        for place, index in enumerate(indexes):
            if place == 0 or index != indexes[place - 1] + 1 or index in self._labels:
                past = bisect_right(self._starts, index)
                before = self._starts[max(past - 1, 0) : past]
                made[place] = label_at({start: self._labels[start] for start in before}, index)
        return number_tree(self._pdf, made)

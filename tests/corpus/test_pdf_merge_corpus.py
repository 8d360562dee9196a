"""Pages of real documents look the same after a merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill import Document, FilemillError
from filemill.testing.runner import Runner
from pdf_samples import opened, page_pixels

pytestmark = pytest.mark.corpus
DPI = 36
BOOK_STEP = 7
"""Of a book every seventh page is looked at: a thousand drawings show no more than these."""


def documents(corpus: Path) -> list[Document]:
    """Return the documents of the corpus that open without a password."""
    found = []
    for path in sorted((corpus / "pdf").glob("*.pdf")):
        try:
            found.append(opened(path))
        except FilemillError:
            assert path.name.startswith("enc-")
    assert len(found) >= 15
    return found


def test_pages_look_the_same(corpus: Path, filemill_run: Runner) -> None:
    """All documents merged into one: no page differs in any pixel."""
    given = documents(corpus)
    made = filemill_run([one.file.path for one in given], {"op": "merge-pdf"}).outputs[0]
    merged = opened(made.path)
    assert merged.pages == sum(one.pages for one in given)
    start, differing = 0, []
    for one in given:
        for number in range(1, one.pages + 1, BOOK_STEP if one.pages > 50 else 1):
            before, after = one.render(number, DPI).settled, merged.render(start + number, DPI).settled
            if (before.width, before.height) != (after.width, after.height) or (before - after).abs().max() > 0:
                differing.append((one.file.name, number))
        start += one.pages
    assert differing == []


def test_a_document_alone_looks_the_same(corpus: Path, filemill_run: Runner) -> None:
    """Forms, annotations and layers of a document that is merged with nothing."""
    for one in documents(corpus):
        if one.pages > 50:
            continue
        made = filemill_run(one.file.path, {"op": "merge-pdf"}).outputs[0]
        for number in range(1, one.pages + 1):
            assert (page_pixels(made.path, number, DPI) - one.render(number, DPI).settled).abs().max() == 0, (
                one.file.name
            )

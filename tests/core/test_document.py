"""Documents show their pages and tell their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill import Document, ErrorCode, File, FilemillError
from filemill.testing.samples import write_pdf


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """A PDF of two pages of 300 by 200 points."""
    path = tmp_path / "two.pdf"
    write_pdf(path)
    return Document(File(path, "two.pdf", "pdf", path.stat().st_size), 2)


def test_a_page_has_a_size_and_a_text(document: Document) -> None:
    """Pages count from one; sizes are points."""
    assert document.facts == {"pages": 2}
    assert document.size(1) == (300, 200)
    assert [document.text(number).strip() for number in (1, 2)] == ["Page one of two", "Page two of two"]


def test_a_page_is_drawn_at_a_resolution(document: Document) -> None:
    """144 dots an inch are two pixels a point; the ground is white and the ink is not."""
    picture = document.render(1, 144)
    assert (picture.width, picture.height, picture.frames, picture.transparent) == (600, 400, 1, False)
    image = picture.settled
    assert image(2, 2) == [255, 255, 255]
    assert image.min() < 64
    assert image.xres == pytest.approx(144 / 25.4)


def test_a_page_that_is_not_there_is_refused(document: Document) -> None:
    """A number beyond the last page is a typed error."""
    with pytest.raises(FilemillError) as error:
        document.text(3)
    assert error.value.code is ErrorCode.INVALID_FILE


def test_a_broken_document_is_refused(document: Document) -> None:
    """What PDFium can't read is the file's fault."""
    document.file.path.write_bytes(b"%PDF-1.7 nothing else")
    with pytest.raises(FilemillError, match=r"'two\.pdf'") as error:
        document.size(1)
    assert error.value.code is ErrorCode.INVALID_FILE

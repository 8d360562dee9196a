"""The edges of the PDF plugin, each called as a path over the graph calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
import pyvips

import filemill_pdf
from filemill import Context, Conversion, Document, ErrorCode, File, FilemillError, Limits, Picture, Text
from filemill.registry import Registry
from filemill.testing.samples import drawing
from pdf_samples import difference, draws, flate, opened, page_pixels, photo, text_pdf


@pytest.fixture
def context(filemill_registry: Registry, tmp_path: Path) -> Context:
    """The surroundings of one task."""
    (folder := tmp_path / "task").mkdir()
    return Context(limits=Limits(), folder=folder, formats=filemill_registry.formats)


def edge(source: str, target: str) -> Conversion:
    """The only edge of the plugin between two formats."""
    found = [one for one in filemill_pdf.filemill_conversions() if source in one.sources and target in one.targets]
    (found_one,) = [one for one in found if one.compresses is (source == target)]
    return found_one


@pytest.fixture
def picture(context: Context, tmp_path: Path) -> Callable[[str], Picture]:
    """A function that opens a drawing that was written with a name."""

    def open_one(name: str) -> Picture:
        path = tmp_path / name
        drawing().write_to_file(str(path))
        return context.open(context.formats.sniff(path, name), Picture)

    return open_one


def test_pages_become_pictures(context: Context, tmp_path: Path) -> None:
    """Each page is a picture in 150 dpi that shows what the page shows."""
    path = text_pdf(tmp_path / "two.pdf", "the first", "the second")
    pictures = edge("pdf", "png").run(opened(path), "png", context)
    assert [(picture.width, picture.height) for picture in pictures] == [(875, 1240)] * 2
    for number, picture in enumerate(pictures, 1):
        assert (picture.settled - page_pixels(path, number, dpi=150)).abs().max() == 0


@pytest.mark.parametrize("name", ["drawing.png", "drawing.jpg", "drawing.tif"])
def test_a_picture_becomes_a_page(name: str, context: Context, picture: Callable[[str], Picture]) -> None:
    """A document of one page that shows the picture."""
    taken = picture(name)
    made = edge(taken.format, "pdf").run(taken, "pdf", context)
    assert isinstance(made, Document)
    assert (made.file.format, made.pages) == ("pdf", 1)
    width, height = taken.width, taken.height
    assert difference(made.draw(1, width, height).settled, taken.settled) < 1


def test_frames_become_pages(context: Context, tmp_path: Path) -> None:
    """An animation is a document with a page for each frame."""
    image = pyvips.Image.arrayjoin([drawing(), drawing().invert()], across=1).copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", drawing().height)
    image.gifsave(str(tmp_path / "two.gif"))
    taken = context.open(context.formats.sniff(tmp_path / "two.gif", "two.gif"), Picture)
    assert edge("gif", "pdf").run(taken, "pdf", context).pages == 2


def test_the_text_layer_is_taken(context: Context, tmp_path: Path) -> None:
    """All pages, a form feed between two."""
    path = text_pdf(tmp_path / "two.pdf", "the first", "the second")
    made = edge("pdf", "text").run(opened(path), "text", context)
    assert isinstance(made, Text)
    assert [page.strip() for page in made.text.split("\f")] == ["the first", "the second"]


def test_a_document_is_made_smaller(context: Context, tmp_path: Path) -> None:
    """Its pictures are written anew; one that has nothing to lose stays as it is."""
    with pikepdf.new() as pdf:
        draws(pdf, "q 288 0 0 216 40 40 cm /Im Do Q", Im=flate(pdf, photo()))
        pdf.save(tmp_path / "scan.pdf")
    scan = opened(tmp_path / "scan.pdf")
    conversion = edge("pdf", "pdf")
    made = conversion.run(scan, "pdf", context)
    assert made.file.size < scan.file.size / 10
    assert difference(page_pixels(made.file.path), page_pixels(scan.file.path)) < 2
    assert conversion.run(made, "pdf", context).file.size <= made.file.size


def test_what_the_edges_say() -> None:
    """Each says what it takes and gives, and names the library that does it."""
    shapes = {
        (one.sources[0], one.targets[0]): (one.shape.accepts, one.shape.returns, one.shape.many_out, one.engine)
        for one in filemill_pdf.filemill_conversions()
    }
    assert shapes == {
        ("pdf", "png"): ((Document,), Picture, True, "pdfium"),
        ("png", "pdf"): ((Picture,), Document, False, "qpdf"),
        ("pdf", "text"): ((Document,), Text, False, "pdfium"),
        ("pdf", "pdf"): ((Document,), Document, False, "qpdf"),
    }


def test_every_picture_format_is_known(filemill_registry: Registry) -> None:
    """Every format that is read becomes a PDF in one step, and pages every format that is written."""
    pictures = [form for form in filemill_registry.formats if form.kind is Picture]
    for form in pictures:
        assert edge(form.name, "pdf").cost < 5
        assert form.save is None or edge("pdf", form.name).cost < 5


def test_a_broken_document_is_the_file_s_fault(context: Context, tmp_path: Path) -> None:
    """What can't be opened any more is a typed error of each edge."""
    path = text_pdf(tmp_path / "gone.pdf", "text")
    broken = Document(File(path, "gone.pdf", "pdf", path.stat().st_size), 1)
    path.write_bytes(b"%PDF-1.7 and nothing")
    for target in ("png", "text", "pdf"):
        with pytest.raises(FilemillError, match=r"gone\.pdf") as caught:
            edge("pdf", target).run(broken, target, context)
        assert caught.value.code is ErrorCode.INVALID_FILE

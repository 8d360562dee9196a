"""A part holds nothing of any other page, and everything of its own; what other pages made of it works."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Name, Object

from filemill.task import Output
from filemill.testing.runner import Runner
from filemill_pdf.structures.trees import named, numbered
from leaky_pdfs import OF_EACH_PAGE, PAGES, leaky, marks

WHOLE = {"Title", "Xmp", "Value"}
"""What every part has of the document itself: title, XMP, and the value that a field has on all pages."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document with a mark in everything."""
    return leaky(tmp_path_factory.mktemp("leaky") / "leaky.pdf")


def check(output: Output, pages: list[int], whole: set[str] = WHOLE) -> None:
    """Hold a part to its pages: no mark of others in any object, all of its own."""
    found = marks(output.path)
    assert {page: whats for page, whats in found.items() if page not in (0, *pages)} == {}
    assert found[0] == whole
    for page in pages:
        assert OF_EACH_PAGE - found[page] == set(), page
        away = {"Away"} if page % PAGES + 1 in pages else set()
        assert found[page] - OF_EACH_PAGE == {"State", *away}, page
    with pikepdf.open(output.path) as pdf:
        assert pdf.check_pdf_syntax() == []
        works(pdf, pages)


def works(pdf: pikepdf.Pdf, pages: list[int]) -> None:
    """Hold links, names, fields, layers and labels of a part to what they were."""
    own = {page.obj.objgen: number for page, number in zip(pdf.pages, pages, strict=True)}
    names = {key.decode(): value for key, value in named(pdf.Root.Names.Dests)}
    assert sorted(names) == [f"Mark{number}Dest" for number in sorted(pages)]
    for key, destination in names.items():
        assert own[destination[0].objgen] == int(key[4])
    for page, number in zip(pdf.pages, pages, strict=True):
        assert page.rotation == (90 if number < 3 else 0)
        assert list(page.mediabox) == ([0, 0, 300, 400] if number < 4 else [0, 0, 200, 300])
        links = [one for one in page.obj.Annots if one.get("/Subtype") == Name.Link]
        led = [led_to(pdf, one) for one in links if "/Dest" in one or str(one.A.S) == "/GoTo"]
        assert sorted(own[objgen] for objgen in led if objgen in own) == sorted(
            number for number in [number] * 4 + [number % PAGES + 1] * 8 if number in pages
        )
        assert len(led) == sum(objgen in own for objgen in led)
        assert str(page.label) == f"Mark{number}Label"
        assert all(one.get("/P") is None or one.P.objgen == page.obj.objgen for one in page.obj.Annots)
    fields(pdf, pages)
    layers = {str(group.Name): group.objgen for group in pdf.Root.OCProperties.OCGs}
    assert sorted(layers) == [f"Mark{number}Layer" for number in sorted(pages)]
    hidden = {group.objgen for group in pdf.Root.OCProperties.D.OFF}
    assert {name for name, objgen in layers.items() if objgen in hidden} == {
        f"Mark{number}Layer" for number in pages if number % 2 == 0
    }
    assert next(str(label.P) for _, label in numbered(pdf.Root.PageLabels)) == f"Mark{pages[0]}Label"


def led_to(pdf: pikepdf.Pdf, link: Object) -> tuple[int, int]:
    """The page that a link leads to."""
    place = link.Dest if "/Dest" in link else link.A.D
    if isinstance(place, pikepdf.String):
        place = dict(named(pdf.Root.Names.Dests))[bytes(place)]
    elif isinstance(place, Name):
        place = pdf.Root.Dests[place]
    assert isinstance(place, Array)
    return place[0].objgen


def fields(pdf: pikepdf.Pdf, pages: list[int]) -> None:
    """Hold the form of a part to its widgets."""
    form = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
    assert sorted(form) == ["all", "choice", "group"] + (["signature"] if 1 in pages else [])
    values = {str(field.T): str(field.V) for field in form["group"].Kids}
    assert values == {f"Mark{number}Field": f"Mark{number}FieldValue" for number in pages}
    assert (str(form["all"].V), len(form["all"].Kids)) == ("Mark0Value", len(pages))
    assert str(form["choice"].V) == ("/Mark2State" if 2 in pages else "/Off")
    assert [str(one) for one in form["choice"].Opt] == [
        f"Mark{number}Button" if number in pages else "" for number in range(1, PAGES + 1)
    ]
    for field in form.values():
        for widget in field.get("/Kids", Array()):
            assert widget.Parent.objgen == field.objgen
    order = [str(field.T) for field in pdf.Root.AcroForm.CO]
    assert order == [*(f"Mark{number}Field" for number in range(PAGES, 0, -1) if number in pages), "all"]
    for page in pdf.pages:
        (reset,) = (one.A for one in page.obj.Annots if "/A" in one and str(one.A.S) == "/ResetForm")
        assert {str(field.T) for field in reset.Fields} == {*values, *form}
        assert {str(field.T) for field in reset.Next.T} == {*values, "group"}


def test_the_document_is_full_of_leads(document: Path) -> None:
    """Each page of the document has everything, so that something can be missed, and found."""
    found = marks(document)
    assert all(found[page] > OF_EACH_PAGE for page in range(1, PAGES + 1))
    assert {"Overwritten", "Update", "Xfa", "Orphan"} <= found[9]


def test_each_page(document: Path, filemill_run: Runner) -> None:
    """`split-pdf` without parameters."""
    outputs = filemill_run(document, {"op": "split-pdf"}).outputs
    assert len(outputs) == PAGES
    for number, output in enumerate(outputs, 1):
        check(output, [number])


def test_every_two(document: Path, filemill_run: Runner) -> None:
    """`every`."""
    outputs = filemill_run(document, {"op": "split-pdf", "every": 2}).outputs
    for output, pages in zip(outputs, [[1, 2], [3, 4], [5]], strict=True):
        check(output, pages)


def test_chosen_pages(document: Path, filemill_run: Runner) -> None:
    """`pages`."""
    outputs = filemill_run(document, {"op": "split-pdf", "pages": "4,2"}).outputs
    for output, pages in zip(outputs, [[4], [2]], strict=True):
        check(output, pages)


def test_ranges_that_share_pages(document: Path, filemill_run: Runner) -> None:
    """`ranges`: what is cut off for one part is there in the next."""
    parts = [[1], [1, 2], [2, 1], [5, 3], [1, 2, 3, 4, 5], [1]]
    ranges = [",".join(map(str, pages)) for pages in parts]
    outputs = filemill_run(document, {"op": "split-pdf", "ranges": ranges}).outputs
    for output, pages in zip(outputs, parts, strict=True):
        check(output, pages)
    assert outputs[0].sha256 == outputs[-1].sha256


def test_by_bookmarks(document: Path, filemill_run: Runner) -> None:
    """`bookmarks`: the topmost lead to pages 1 and 4."""
    outputs = filemill_run(document, {"op": "split-pdf", "bookmarks": True}).outputs
    for output, pages in zip(outputs, [[1, 2, 3], [4, 5]], strict=True):
        check(output, pages)


def test_extracted(document: Path, filemill_run: Runner) -> None:
    """`extract-pages`."""
    check(filemill_run(document, {"op": "extract-pages", "pages": "3,1"}).outputs[0], [3, 1])


def test_removed(document: Path, filemill_run: Runner) -> None:
    """`remove-pages`: attachments and scripts of the document stay beside what every part has."""
    output = filemill_run(document, {"op": "remove-pages", "pages": "2,4"}).outputs[0]
    check(output, [1, 3, 5], WHOLE | {"Attachment", "Script"})
    with pikepdf.open(output.path) as pdf:
        assert "/OpenAction" not in pdf.Root  # it led to page 2
        assert pdf.attachments["note.txt"].get_file().read_bytes() == b"Mark0Attachment"

"""`extract-pages`, `remove-pages`, `reorder-pages` and `rotate-pages`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from filemill import ErrorCode, FilemillError, Limits
from filemill.task import Output
from filemill.testing.runner import Runner, same
from leaky_pdfs import leaky, marks
from pdf_samples import difference, opened, page_pixels, text_pdf

TEXTS = ["one", "two", "three", "four"]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Four pages with labels i, ii, A-1, A-2, bookmarks, a link from each to the next, an attachment, a base."""
    path = text_pdf(tmp_path / "four.pdf", *TEXTS)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            outline.root.extend(pikepdf.OutlineItem(text, number) for number, text in enumerate(TEXTS))
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D, P=String("A-"))]))
        for page, following in zip(pdf.pages, [*pdf.pages[1:], pdf.pages[0]], strict=True):
            place = Array([following.obj, Name.Fit])
            page.obj.Annots = Array([Dictionary(Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Dest=place)])
        pdf.attachments["note.txt"] = b"a note"
        pdf.Root.URI = Dictionary(Base=String("https://example.org/"))
        pdf.save(path, deterministic_id=True)
    return path


def texts(output: Output) -> list[str]:
    """What stands on the pages."""
    document = opened(output.path)
    return [document.text(number).strip() for number in range(1, document.pages + 1)]


def leads(pdf: pikepdf.Pdf) -> Iterator[tuple[int, int | None]]:
    """Each page from 1, and the page that its link leads to."""
    places = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    for number, page in enumerate(pdf.pages, 1):
        for link in page.obj.get("/Annots", Array()):
            yield number, places.get(link.Dest[0].objgen)


def test_extract(document: Path, filemill_run: Runner) -> None:
    """The pages named, in that order, with their labels, bookmarks and the links among them."""
    output = filemill_run(document, {"op": "extract-pages", "pages": "4,2-3,2"}).outputs[0]
    assert (texts(output), output.name) == (["four", "two", "three"], "four.pdf")
    with pikepdf.open(output.path) as pdf:
        assert [str(page.label) for page in pdf.pages] == ["A-2", "ii", "A-1"]
        assert list(leads(pdf)) == [(2, 3), (3, 1)]
        assert [item.title for item in pdf.open_outline().root] == ["two", "three", "four"]
        assert str(pdf.Root.URI.Base) == "https://example.org/"
        assert dict(pdf.attachments) == {}


def test_remove(document: Path, filemill_run: Runner) -> None:
    """The other pages, and what belongs to the document as a whole."""
    output = filemill_run(document, {"op": "remove-pages", "pages": "2"}).outputs[0]
    assert (texts(output), output.name) == (["one", "three", "four"], "four.pdf")
    with pikepdf.open(output.path) as pdf:
        assert [str(page.label) for page in pdf.pages] == ["i", "A-1", "A-2"]
        assert list(leads(pdf)) == [(2, 3), (3, 1)]
        assert [item.title for item in pdf.open_outline().root] == ["one", "three", "four"]
        assert pdf.attachments["note.txt"].get_file().read_bytes() == b"a note"


def test_remove_keeps_what_opens_with_the_document(document: Path, filemill_run: Runner) -> None:
    """A document still opens at the page that it opened at, and none of its bookmarks to the web is lost."""
    with pikepdf.open(document, allow_overwriting_input=True) as pdf:
        pdf.Root.OpenAction = Array([pdf.pages[2].obj, Name.Fit])
        with pdf.open_outline() as outline:
            web = Dictionary(S=Name.URI, URI=String("https://example.org/"))
            outline.root.append(pikepdf.OutlineItem("web", action=web))
        pdf.save(document)
    output = filemill_run(document, {"op": "remove-pages", "pages": "1"}).outputs[0]
    with pikepdf.open(output.path) as pdf:
        assert pdf.Root.OpenAction[0].objgen == pdf.pages[1].obj.objgen
        (found,) = (item for item in pdf.open_outline().root if item.title == "web")
        assert found.action is not None
        assert str(found.action.URI) == "https://example.org/"
    extracted = filemill_run(document, {"op": "extract-pages", "pages": "2-4"}).outputs[0]
    with pikepdf.open(extracted.path) as pdf:
        assert "/OpenAction" not in pdf.Root


@pytest.mark.parametrize("pages", ["1-4", "2,1,4,3"])
def test_not_all_pages_can_be_removed(pages: str, document: Path, filemill_run: Runner) -> None:
    """A PDF has at least one page."""
    with pytest.raises(FilemillError, match="All pages would be removed") as caught:
        filemill_run(document, {"op": "remove-pages", "pages": pages})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer.endswith("/pages")


@pytest.mark.parametrize(
    ("pages", "order"),
    [("4", [4, 1, 2, 3]), ("3,1", [3, 1, 2, 4]), ("4,3,2,1", [4, 3, 2, 1]), ("1-4", [1, 2, 3, 4]), ("2", [2, 1, 3, 4])],
)
def test_reorder(pages: str, order: list[int], document: Path, filemill_run: Runner) -> None:
    """The pages named come first; labels, links, bookmarks and attachments follow their pages."""
    output = filemill_run(document, {"op": "reorder-pages", "pages": pages}).outputs[0]
    assert texts(output) == [TEXTS[number - 1] for number in order]
    with pikepdf.open(output.path) as pdf:
        assert [str(page.label) for page in pdf.pages] == [["i", "ii", "A-1", "A-2"][number - 1] for number in order]
        assert {(order[here - 1], order[there - 1]) for here, there in leads(pdf) if there} == {
            (number, number % 4 + 1) for number in range(1, 5)
        }
        places = {page.obj.objgen: number for page, number in zip(pdf.pages, order, strict=True)}
        for number, item in enumerate(pdf.open_outline().root, 1):
            assert isinstance(item.destination, Array)
            assert (item.title, places[item.destination[0].objgen]) == (TEXTS[number - 1], number)
        assert pdf.attachments["note.txt"].get_file().read_bytes() == b"a note"
        assert pdf.check_pdf_syntax() == []


def test_reorder_keeps_everything(tmp_path: Path, filemill_run: Runner) -> None:
    """Nothing of a document whose pages lead to each other in every way is lost, except what is in no use."""
    path = leaky(tmp_path / "leaky.pdf")
    output = filemill_run(path, {"op": "reorder-pages", "pages": "5,1"}).outputs[0]
    before, after = marks(path), marks(output.path)
    assert after == {**before, 9: before[9] - {"Overwritten"}}


@pytest.mark.parametrize(("angle", "shown"), [(90, 180), (180, 270), (270, 0), (-90, 0), (-270, 180), (0, 90)])
def test_rotate(angle: int, shown: int, tmp_path: Path, filemill_run: Runner) -> None:
    """A page is turned clockwise from how it was shown; the others stay."""
    path = text_pdf(tmp_path / "turned.pdf", *TEXTS, rotate=90)
    output = filemill_run(path, {"op": "rotate-pages", "angle": angle, "pages": "2,4"}).outputs[0]
    with pikepdf.open(output.path) as pdf:
        assert [page.rotation for page in pdf.pages] == [90, shown, 90, shown]
    turned = page_pixels(path, 2).rot(f"d{angle % 360}")
    assert difference(page_pixels(output.path, 2), turned) < 1
    assert difference(page_pixels(output.path, 1), page_pixels(path, 1)) == 0


def test_rotate_all(document: Path, filemill_run: Runner) -> None:
    """Without pages, all are turned; a rotation that a tree node hands down counts for each page alone."""
    with pikepdf.open(document, allow_overwriting_input=True, inherit_page_attributes=False) as pdf:
        pdf.Root.Pages.Rotate = -90
        pdf.save(document)
    output = filemill_run(document, {"op": "rotate-pages", "angle": 90}).outputs[0]
    with pikepdf.open(output.path) as pdf:
        assert [page.rotation for page in pdf.pages] == [0] * 4
        assert dict(pdf.attachments).keys() == {"note.txt"}
    some = filemill_run(document, {"op": "rotate-pages", "angle": 90, "pages": "1"}).outputs[0]
    with pikepdf.open(some.path) as pdf:
        assert [page.rotation % 360 for page in pdf.pages] == [0, 270, 270, 270]


STEPS: list[dict[str, Any]] = [
    {"op": "extract-pages", "pages": "3,1"},
    {"op": "remove-pages", "pages": "2,4"},
    {"op": "reorder-pages", "pages": "3"},
    {"op": "rotate-pages", "angle": 90, "pages": "1"},
]
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["op"]))


@each_step
def test_the_same_each_time(step: dict[str, Any], document: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes."""
    one, two = (filemill_run(document, step) for _ in range(2))
    assert same(one) == same(two)


@each_step
@pytest.mark.parametrize("pages", ["5", "0", "2-1", "x", "1,,2", "９"])
def test_pages_that_are_none(pages: str, step: dict[str, Any], document: Path, filemill_run: Runner) -> None:
    """Ranges that are none, and pages past the last, are refused at the parameter."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(document, {**step, "pages": pages})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer.endswith("/pages")


@pytest.mark.parametrize("angle", [45, 91, 360, -360, 90.5, "90", None])
def test_angles_that_are_none(angle: object, document: Path, filemill_run: Runner) -> None:
    """Only quarter turns, up to three."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(document, {"op": "rotate-pages", "angle": angle})
    assert caught.value.faults[0].pointer.endswith("/angle")


@each_step
def test_encrypted(step: dict[str, Any], document: Path, tmp_path: Path, filemill_run: Runner) -> None:
    """Locked documents are refused, and done after `decrypt-pdf`; one that forbids changes by the server's choice."""
    locked, restricted = tmp_path / "locked.pdf", tmp_path / "restricted.pdf"
    with pikepdf.open(document) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="user", owner="owner"))
        pdf.save(restricted, encryption=pikepdf.Encryption(owner="owner"))
    with pytest.raises(FilemillError, match="needs a password"):
        filemill_run(locked, step)
    wanted = texts(filemill_run(document, step).outputs[0])
    assert texts(filemill_run(locked, {"op": "decrypt-pdf", "password": "user"}, step).outputs[0]) == wanted
    assert texts(filemill_run(restricted, step).outputs[0]) == wanted
    with pytest.raises(FilemillError, match="forbids changes"):
        filemill_run(restricted, step, limits=Limits(honour_restrictions=True))

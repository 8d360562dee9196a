"""`split-pdf`: its ways, its refusals, the names of its parts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

from filemill import Context, Document, ErrorCode, FilemillError, Limits
from filemill.formats import FormatTable
from filemill.testing.runner import Runner, same
from filemill_pdf.carve.contents import uses
from filemill_pdf.operations.split import SplitPdf
from pdf_samples import difference, draws, flate, form, opened, page_pixels, photo, text_pdf

TEXTS = ["one", "two", "three", "four", "five"]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Five pages; bookmarks on the second and the fourth, one of them below, and one to nowhere."""
    path = text_pdf(tmp_path / "five.pdf", *TEXTS)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            second, fourth = pikepdf.OutlineItem("B", 1), pikepdf.OutlineItem("D", 3)
            second.children.append(pikepdf.OutlineItem("C", 2))
            outline.root.extend([second, fourth, pikepdf.OutlineItem("Nowhere")])
        pdf.save(path, deterministic_id=True)
    return path


def context(tmp_path: Path, **limits: Any) -> Context:
    """What an operation runs in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Context(limits=Limits(**limits), folder=folder, formats=FormatTable([]))


def texts(document: Document) -> list[str]:
    """What stands on the pages."""
    return [document.text(number).strip() for number in range(1, document.pages + 1)]


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        ({}, {f"page-000{number}.pdf": [text] for number, text in enumerate(TEXTS, 1)}),
        ({"pages": "4,2-3"}, {"page-0004.pdf": ["four"], "page-0002.pdf": ["two"], "page-0003.pdf": ["three"]}),
        ({"pages": "2,1-2,2"}, {"page-0002.pdf": ["two"], "page-0001.pdf": ["one"]}),
        ({"every": 1}, {f"page-000{number}.pdf": [text] for number, text in enumerate(TEXTS, 1)}),
        ({"every": 3}, {"pages-0001-0003.pdf": TEXTS[:3], "pages-0004-0005.pdf": TEXTS[3:]}),
        ({"every": 4}, {"pages-0001-0004.pdf": TEXTS[:4], "page-0005.pdf": ["five"]}),
        ({"every": 10**9}, {"pages-0001-0005.pdf": TEXTS}),
        ({"ranges": ["3-5", "2"]}, {"pages-0003-0005.pdf": TEXTS[2:], "page-0002.pdf": ["two"]}),
        ({"ranges": ["5,1"]}, {"pages-0001-0005.pdf": ["five", "one"]}),
        ({"ranges": ["1-2", "1-2", "2,1", "1"]}, {
            "pages-0001-0002.pdf": TEXTS[:2], "pages-0001-0002-2.pdf": TEXTS[:2],
            "pages-0001-0002-3.pdf": ["two", "one"], "page-0001.pdf": ["one"],
        }),
        ({"bookmarks": True}, {
            "page-0001.pdf": ["one"], "pages-0002-0003.pdf": TEXTS[1:3], "pages-0004-0005.pdf": TEXTS[3:],
        }),
    ],
    ids=str,
)  # fmt: skip
def test_ways(how: dict[str, Any], parts: dict[str, list[str]], document: Path, tmp_path: Path) -> None:
    """Each way gives its parts, in its order, named by the pages' numbers in the document."""
    made = SplitPdf(**how).run(opened(document), context(tmp_path))
    assert [one.file.name for one in made] == list(parts)
    assert [texts(opened(one.file.path)) for one in made] == list(parts.values())
    assert [one.pages for one in made] == [len(pages) for pages in parts.values()]
    assert [one.file.size for one in made] == [Path(one.file.path).stat().st_size for one in made]


@pytest.mark.parametrize(
    ("how", "pointer", "says"),
    [
        ({"pages": "1", "every": 2}, "", "given: pages and every"),
        ({"ranges": ["1"], "bookmarks": True}, "", "given: ranges and bookmarks"),
        ({"pages": "1", "every": 1, "ranges": ["1"], "bookmarks": True}, "", "Give one of"),
        ({"pages": "6"}, "/pages", "Page 6 does not exist: the document has 5 pages"),
        ({"pages": "0"}, "/pages", "no page 0"),
        ({"pages": ""}, "/pages", ""),
        ({"every": 0}, "/every", ""),
        ({"every": -1}, "/every", ""),
        ({"ranges": []}, "/ranges", ""),
        ({"ranges": ["1", "2,7"]}, "/ranges/1", "Page 7 does not exist"),
        ({"ranges": ["1", "3-2"]}, "/ranges/1", "ends before it begins"),
        ({"ranges": [""]}, "/ranges/0", ""),
        ({"ranges": ["1"] * 1001}, "/ranges", ""),
    ],
    ids=lambda value: str(value)[:50],
)
def test_refusals(how: dict[str, Any], pointer: str, says: str, document: Path, filemill_run: Runner) -> None:
    """Two ways at once, pages that are not there, ranges that are none: the parameter that is wrong is named."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(document, {"op": "split-pdf", **how})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert says in str(caught.value)
    assert caught.value.faults[0].pointer.endswith(pointer)


def test_no_bookmarks(tmp_path: Path, filemill_run: Runner) -> None:
    """A document without bookmarks, or with such as lead nowhere, can't be split by them."""
    plain = text_pdf(tmp_path / "plain.pdf", "one", "two")
    for path in (plain, tmp_path / "nowhere.pdf"):
        with pytest.raises(FilemillError, match="no bookmarks to split by") as caught:
            filemill_run(plain, {"op": "split-pdf", "bookmarks": True})
        assert caught.value.code is ErrorCode.INVALID_FILE
        with pikepdf.open(plain) as pdf, pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Nowhere"))
            pdf.save(tmp_path / "nowhere.pdf")
        plain = path


def test_too_many_parts_are_refused_before_any_work(document: Path, tmp_path: Path) -> None:
    """More parts than a task may give: an error, and nothing is written."""
    around = context(tmp_path, max_outputs=4)
    with pytest.raises(FilemillError, match="There would be 5 documents; 4 are allowed") as caught:
        SplitPdf().run(opened(document), around)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert list(around.folder.iterdir()) == []
    assert len(SplitPdf(every=2).run(opened(document), around)) == 3


def test_growth_is_bounded(tmp_path: Path, filemill_run: Runner) -> None:
    """What all pages draw comes along in each part: past the allowed growth that is an error, and the work ends."""
    path = tmp_path / "shared.pdf"
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(flate(pdf, photo(700, 500)))
        for _ in range(10):
            draws(pdf, "q 288 0 0 216 40 40 cm /Im Do Q", Im=image)
        pdf.save(path)
    outputs = filemill_run(path, {"op": "split-pdf"}, limits=Limits(max_growth=10)).outputs
    assert sum(output.size for output in outputs) > 2 * path.stat().st_size
    with pytest.raises(FilemillError, match="more than 2 times as large") as caught:
        filemill_run(path, {"op": "split-pdf"}, limits=Limits(max_growth=2))
    assert caught.value.code is ErrorCode.INVALID_FILE


@pytest.mark.parametrize("password", ["user", "owner"])
def test_encrypted(password: str, document: Path, tmp_path: Path, filemill_run: Runner) -> None:
    """With either password parts are made, which then need none; without, or with a wrong one, an error."""
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(document) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="user", owner="owner"))
    made = SplitPdf(pages="2").run(opened(locked, password), context(tmp_path))
    assert texts(opened(made[0].file.path)) == ["two"]
    split = {"op": "split-pdf", "pages": "2"}
    outputs = filemill_run(locked, {"op": "decrypt-pdf", "password": password}, split).outputs
    assert texts(opened(outputs[0].path)) == ["two"]
    with pytest.raises(FilemillError, match="is encrypted and needs a password") as caught:
        filemill_run(locked, split)
    assert caught.value.code is ErrorCode.INVALID_FILE


def test_restricted(document: Path, tmp_path: Path, filemill_run: Runner) -> None:
    """A document that opens for everybody and forbids changes is split, unless the server honours that."""
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(document) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="owner", allow=pikepdf.Permissions(modify_assembly=False)))
    split = {"op": "split-pdf", "every": 5}
    assert texts(opened(filemill_run(locked, split).outputs[0].path)) == TEXTS
    with pytest.raises(FilemillError, match="forbids changes"):
        filemill_run(locked, split, limits=Limits(honour_restrictions=True))


def test_the_same_each_time(document: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes; so does a page alone, whichever way it was split off."""
    one, two = (filemill_run(document, {"op": "split-pdf"}) for _ in range(2))
    assert same(one) == same(two)
    alone = filemill_run(document, {"op": "split-pdf", "ranges": ["3"]}).outputs[0]
    assert alone.sha256 == one.outputs[2].sha256


def test_what_is_drawn_without_being_named_alone(tmp_path: Path, filemill_run: Runner) -> None:
    """Pages look the same whose content hides names from who looks for them.

    An inline picture with a parenthesis in its bytes, a form that takes its resources from the page, a picture
    with a colour space by name, a string that is not closed, a name in other letters and one that is not UTF-8,
    and a default colour space, which nothing names.
    """
    path = tmp_path / "hidden.pdf"
    inline = b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID ( EI Q "
    contents = [
        inline + b"q 99 0 0 99 9 9 cm /Im Do Q BT (x) Tj ET",
        b"/Fm Do",
        b"q 99 0 0 99 9 9 cm /Named Do Q",
        b"q 99 0 0 99 9 9 cm /I#6d Do Q q 50 0 0 50 200 200 cm /I\xe4 Do Q (not closed (",
        b"0.5 g 9 9 99 99 re f (a (b) /Other Do) pop % /Other Do",
    ]
    with pikepdf.new() as pdf:
        red = pdf.make_stream(b"{pop 1 0 0}", FunctionType=4, Domain=Array([0, 1]), Range=Array([0, 1] * 3))
        named = flate(pdf, photo(60, 40).extract_band(0))
        named["/ColorSpace"] = Name.Red
        image, borrowing = flate(pdf, photo(60, 40)), form(pdf, "q 99 0 0 99 9 9 cm /Im Do Q")
        del borrowing["/Resources"]
        other = flate(pdf, photo(500, 400))
        objects: dict[str, Stream] = {"Im": image, "Fm": borrowing, "Named": named, "Other": other, "I\udce4": image}
        tint = Array([Name.Separation, Name.Spot, Name.DeviceRGB, red])
        for content in contents:
            page = draws(pdf, "", **{key: one for key, one in objects.items() if key != "I\udce4"})
            page.obj.Resources.XObject["/I\udce4"] = image
            page.obj.Resources.ColorSpace = Dictionary(DefaultGray=tint, Red=tint)
            page.obj.Contents = pdf.make_stream(content)
        pdf.save(path)
    outputs = filemill_run(path, {"op": "split-pdf"}, limits=Limits(max_growth=1000)).outputs
    for number, output in enumerate(outputs, 1):
        assert page_pixels(path, number).min() < 250
        assert difference(page_pixels(output.path), page_pixels(path, number)) == 0
        assert output.size < 20_000  # the large picture, which is named in strings and comments alone, is in none


def test_a_tree_that_names_a_page_twice(document: Path, filemill_run: Runner) -> None:
    """The same object in two places, and a page that stands in the tree itself, are pages like others."""
    with pikepdf.open(document, allow_overwriting_input=True) as pdf:
        kids = pdf.Root.Pages.Kids
        direct = Dictionary(dict(kids[1].items()))
        pdf.Root.Pages.Kids = Array([kids[0], direct, kids[0], *list(kids)[2:]])
        pdf.Root.Pages.Count = 6
        kids[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Text, Contents=String("note"))])
        pdf.Root.ViewerPreferences = Dictionary(PrintPageRange=Array([0, 4]), DisplayDocTitle=True)
        pdf.save(document, force_version="1.7")
    outputs = filemill_run(document, {"op": "split-pdf"}).outputs
    assert [texts(opened(output.path))[0] for output in outputs] == ["one", "two", "one", "three", "four", "five"]
    for place in (0, 2):
        with pikepdf.open(outputs[place].path) as pdf:
            assert str(pdf.pages[0].obj.Annots[0].Contents) == "note"
            assert pdf.pages[0].obj.Annots[0].Type == Name.Annot
            assert pdf.Root.Version == Name("/1.7")
            assert dict(pdf.Root.ViewerPreferences.items()) == {"/DisplayDocTitle": True}


def test_actions_that_lead_back(document: Path, filemill_run: Runner) -> None:
    """Actions that follow each other in rings and branches end; each is kept once."""
    with pikepdf.open(document, allow_overwriting_input=True) as pdf:
        ring = [pdf.make_indirect(Dictionary(S=Name.URI, URI=String(f"u{number}"))) for number in range(12)]
        for action in ring:
            action.Next = Array(ring)
        pdf.pages[0].obj.Annots = Array([Dictionary(Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=ring[0])])
        pdf.save(document)
    step = {"op": "split-pdf", "pages": "1"}
    output = filemill_run(document, step, limits=Limits(deadline_seconds=10), in_worker=True).outputs[0]
    with pikepdf.open(output.path) as pdf:
        assert all(pdf.pages[0].obj.unparse(resolved=True).count(b"(u%d)" % number) == 1 for number in range(12))


@pytest.mark.parametrize("piece", [b"(", b"(\\", b"((a)", b"((((a)))", b"(/", b"/", b"BI ", b"%", b"/a ", b"(a)/b %\n"])
def test_content_made_to_be_slow(piece: bytes) -> None:
    """Names are looked for in time that grows with the content, whatever strings it opens."""
    started = time.process_time()
    assert ("/XObject", "/Im") in uses(b"/Im Do " + piece * 200_000)
    assert time.process_time() - started < 5


def test_many_pages_with_labels_and_fields(tmp_path: Path, filemill_run: Runner) -> None:
    """A label and a field on each of 2000 pages: the time grows with the pages, and not with their square."""
    path = tmp_path / "many.pdf"
    with pikepdf.new() as pdf:
        top, labels = [], []
        for number in range(2000):
            page = pdf.add_blank_page(page_size=(100, 100)).obj
            widget = {"Subtype": Name.Widget, "FT": Name.Tx, "T": String(f"f{number}"), "Rect": Array([0, 0, 9, 9])}
            field = pdf.make_indirect(Dictionary({f"/{key}": value for key, value in widget.items()}))
            page.Annots = Array([field])
            top.append(field)
            labels += [number, Dictionary(P=String(f"p{number}"))]
        pdf.Root.AcroForm, pdf.Root.PageLabels = Dictionary(Fields=Array(top)), Dictionary(Nums=Array(labels))
        pdf.save(path)
    limits = Limits(deadline_seconds=30, max_growth=1000)
    outputs = filemill_run(path, {"op": "split-pdf", "every": 4}, limits=limits, in_worker=True).outputs
    with pikepdf.open(outputs[-1].path) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["f1996", "f1997", "f1998", "f1999"]
        assert [str(page.label) for page in pdf.pages] == ["p1996", "p1997", "p1998", "p1999"]

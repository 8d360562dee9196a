"""`merge-pdf`: order, bookmarks, names that are equal, passwords, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner, same
from filemill.testing.samples import drawing
from pdf_samples import opened, page_pixels, text_pdf
from structured_pdfs import CHECKS, Result, structured

MERGE = {"op": "merge-pdf"}


def titles(path: str) -> list[object]:
    """Return the titles of an outline, nested as it is."""

    def read(items: list[object]) -> list[object]:
        return [read(item) if isinstance(item, list) else str(getattr(item, "title", "")) for item in items]

    return read(list(pypdf.PdfReader(path).outline))


def test_the_order_is_the_one_given(tmp_path: Path, filemill_run: Runner) -> None:
    """Eleven documents whose names sort otherwise."""
    paths = [text_pdf(tmp_path / f"{number}.pdf", f"page {number}") for number in range(1, 12)]
    made = filemill_run(paths, MERGE).outputs[0]
    document = opened(made.path)
    assert [document.text(number).strip() for number in range(1, 12)] == [f"page {n}" for n in range(1, 12)]
    assert (made.name, made.facts["pages"]) == ("1.pdf", 11)


@pytest.mark.parametrize(("bookmarks", "expected"), [
    ("keep", ["A one", ["A two"], "A three", "B one", ["B two"], "B three"]),
    ("per-file", ["A", ["A one", ["A two"], "A three"], "plain", "B", ["B one", ["B two"], "B three"]]),
    ("none", []),
])  # fmt: skip
def test_bookmarks(bookmarks: str, expected: list[object], tmp_path: Path, filemill_run: Runner) -> None:
    """Those of all, one for each file, or none."""
    paths = [structured(tmp_path / "A.pdf", "A"), text_pdf(tmp_path / "plain.pdf", "plain")]
    paths.append(structured(tmp_path / "B.pdf", "B"))
    made = filemill_run(paths, {**MERGE, "bookmarks": bookmarks}).outputs[0]
    assert titles(made.path) == expected


def test_a_bookmark_for_a_file_leads_to_its_first_page(tmp_path: Path, filemill_run: Runner) -> None:
    """The third document begins on page four."""
    paths = [
        text_pdf(tmp_path / "a.pdf", "1", "2"),
        text_pdf(tmp_path / "b.pdf", "3"),
        text_pdf(tmp_path / "c.pdf", "4"),
    ]
    made = filemill_run(paths, {**MERGE, "bookmarks": "per-file"}).outputs[0]
    reader = pypdf.PdfReader(made.path)
    assert [reader.get_destination_page_number(one) for one in reader.outline if not isinstance(one, list)] == [0, 2, 3]


def test_the_same_document_twice(tmp_path: Path, filemill_run: Runner) -> None:
    """Given twice, everything is there twice, and leads to its own half."""
    path = structured(tmp_path / "A.pdf", "A")
    result = Result(Path(filemill_run([path, path], MERGE).outputs[0].path), "AA")
    shared = {"attachments", "article threads", "layers", "form fields"}  # told apart by their marks in the checker
    assert {name for name, kept in result.kept().items() if not kept} <= shared
    assert sorted(str(field.T) for field in result.pdf.Root.AcroForm.Fields) == ["both", "both-2", "name", "name-2"]
    assert len(result.read.attachments) == len(result.pdf.attachments) == 2


def test_tags_are_kept_only_where_all_have_them(tmp_path: Path, filemill_run: Runner) -> None:
    """A document that is tagged in part is worse than one that is not: it claims what is not so."""
    paths = [structured(tmp_path / "A.pdf", "A"), text_pdf(tmp_path / "plain.pdf", "plain")]
    with pikepdf.open(filemill_run(paths, MERGE).outputs[0].path) as pdf:
        assert "/StructTreeRoot" not in pdf.Root
        assert "/MarkInfo" not in pdf.Root


def test_tags_keep_their_meaning_and_language(tmp_path: Path, filemill_run: Runner) -> None:
    """Own types that mean something else elsewhere become standard ones; a part in another language says so."""
    paths = []
    for mark, role in (("A", Name.H1), ("B", Name.H2)):
        paths.append(structured(tmp_path / f"{mark}.pdf", mark))
        with pikepdf.open(paths[-1], allow_overwriting_input=True) as pdf:
            tree = pdf.Root.StructTreeRoot
            tree.RoleMap = Dictionary(Heading=role)
            tree.RoleMap[f"/Only{mark}"] = Name.P
            for element, kind in zip(tree.K[0].K, (Name.Heading, Name(f"/Only{mark}")), strict=False):
                element.S = kind
            form = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]), StructParents=1)
            pdf.pages[0].obj.Resources.XObject = Dictionary(Fm=form)
            pdf.save(paths[-1])
    with pikepdf.open(filemill_run(paths, MERGE).outputs[0].path) as pdf:
        tree = pdf.Root.StructTreeRoot
        means = [[str(tree.RoleMap.get(element.S, element.S)) for element in document.K] for document in tree.K]
        assert means == [["/H1", "/P", "/P"], ["/H2", "/P", "/P"]]
        assert [str(document.get("/Lang", "")) for document in tree.K] == ["", "el"]
        parents = pikepdf.NumberTree(tree.ParentTree)
        form = pdf.pages[3].obj.Resources.XObject.Fm
        assert str(parents[int(form.StructParents)][0].ActualText) == "B2"


def test_old_destinations_and_names_that_are_not_utf8(tmp_path: Path, filemill_run: Runner) -> None:
    """Destinations named as in PDF 1.1, in any bytes: kept apart, and links follow."""
    paths = []
    for mark in "AB":
        paths.append(text_pdf(tmp_path / f"{mark}.pdf", mark, f"{mark}{mark}"))
        with pikepdf.open(paths[-1], allow_overwriting_input=True) as pdf:
            dests = Object.parse(b"<< /caf#e9 0 /plain 0 >>")
            for key in list(dests.keys()):
                dests[key] = Array([pdf.pages[1].obj, Name.Fit])
            pdf.Root.Dests = pdf.make_indirect(dests)
            link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]))
            link.Dest = Object.parse(b"/caf#e9")
            pdf.pages[0].obj.Annots = Array([link])
            pdf.save(paths[-1])
    with pikepdf.open(filemill_run(paths, MERGE).outputs[0].path) as pdf:
        assert len(pdf.Root.Dests.keys()) == 4
        for first in (0, 2):
            target = pdf.Root.Dests[pdf.pages[first].obj.Annots[0].Dest]
            assert target[0].objgen == pdf.pages[first + 1].obj.objgen


def test_values_and_looks_of_equal_fields(tmp_path: Path, filemill_run: Runner) -> None:
    """Both values are read, each field is drawn with the font of its own document."""
    paths = []
    for mark, font in (("A", Name.Helvetica), ("B", Name.Courier)):
        paths.append(structured(tmp_path / f"{mark}.pdf", mark))
        with pikepdf.open(paths[-1], allow_overwriting_input=True) as pdf:
            pdf.Root.AcroForm.DR.Font.Helv.BaseFont = font
            pdf.save(paths[-1])
    made = filemill_run(paths, MERGE).outputs[0]
    fields = pypdf.PdfReader(made.path).get_fields() or {}
    assert {name: str(field.value) for name, field in fields.items() if field.value} == {
        "name": "name of A", "both": "both of A", "name-2": "name of B", "both-2": "both of B",
    }  # fmt: skip
    with pikepdf.open(made.path) as pdf:
        form = pdf.Root.AcroForm
        for field in form.Fields:
            used = str(field.get("/DA", form.get("/DA"))).split()[0]
            assert form.DR.Font[used].BaseFont == (Name.Courier if str(field.T).endswith("-2") else Name.Helvetica)


@pytest.mark.parametrize("base", ["/ON", "/OFF"])
@pytest.mark.parametrize("first", ["structured", "plain", "off"])
def test_hidden_layers_stay_hidden(base: str, first: str, tmp_path: Path, filemill_run: Runner) -> None:
    """Whatever either document says of the layers that it does not name."""
    path = structured(tmp_path / "B.pdf", "B")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        layers = pdf.Root.OCProperties
        if base == "/OFF":
            layers.D = Dictionary(BaseState=Name.OFF, ON=Array([layers.OCGs[0]]))
        pdf.save(path)
    other = structured(tmp_path / "A.pdf", "A") if first != "plain" else text_pdf(tmp_path / "A.pdf", "1", "2", "3")
    if first == "off":
        with pikepdf.open(other, allow_overwriting_input=True) as pdf:
            pdf.Root.OCProperties.D = Dictionary(BaseState=Name.OFF, ON=Array([pdf.Root.OCProperties.OCGs[0]]))
            pdf.save(other)
    made = filemill_run([other, path], MERGE).outputs[0]
    assert (page_pixels(made.path, 5) - page_pixels(path, 2)).abs().max() == 0
    assert (page_pixels(made.path, 2) - page_pixels(other, 2)).abs().max() == 0


@pytest.mark.parametrize("asking", [0, 1])
def test_fields_that_the_reader_draws(asking: int, tmp_path: Path, filemill_run: Runner) -> None:
    """Where one document leaves its fields to the reader, each page still looks as it did, and none is redrawn."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in "AB"]
    for index, path in enumerate(paths):
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            form = pdf.Root.AcroForm
            form.Fields[0].DA = String("/Helv 12 Tf 0 g")
            if index == asking:
                form.NeedAppearances = True
            else:  # drawn otherwise than a reader would
                form.Fields[0].AP = Dictionary(
                    N=Stream(pdf, b"1 0 0 rg 0 0 50 20 re f", Subtype=Name.Form, BBox=Array([0, 0, 100, 20]))
                )
            pdf.save(path)
    before = [page_pixels(path, 1) for path in paths]
    blank = page_pixels(text_pdf(tmp_path / "blank.pdf", "", size=(300, 400)), 1)
    assert all((one.crop(40, 280, 100, 20) - blank.crop(40, 280, 100, 20)).abs().max() > 100 for one in before)
    made = filemill_run(paths, MERGE).outputs[0]
    for picture, number in zip(before, (1, 4), strict=True):
        assert (page_pixels(made.path, number) - picture).abs().max() == 0
    with pikepdf.open(made.path) as pdf:
        assert "/NeedAppearances" not in pdf.Root.AcroForm


def test_signatures_go(tmp_path: Path, filemill_run: Runner) -> None:
    """A signature over the bytes of one document would be shown as broken in another."""
    path = structured(tmp_path / "A.pdf", "A")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        signature = pdf.make_indirect(Dictionary(FT=Name.Sig, T=String("sig"), V=Dictionary(Type=Name.Sig)))
        pdf.Root.AcroForm.Fields.append(signature)
        pdf.Root.Perms = Dictionary(DocMDP=Dictionary())
        pdf.save(path)
    made = filemill_run([path, text_pdf(tmp_path / "b.pdf", "b")], MERGE).outputs[0]
    with pikepdf.open(made.path) as pdf:
        assert "/Perms" not in pdf.Root
        assert [field for field in pdf.Root.AcroForm.Fields if "/V" in field and str(field.T) == "sig"] == []


def locked(path: Path, password: str) -> Path:
    """Encrypt a document in its place."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user=password, owner=password))
    return path


@pytest.mark.parametrize(("passwords", "says"), [
    ([], "needs a password"), ([None, "wrong"], "does not open"), ([None, None, "open"], "needs a password"),
])  # fmt: skip
def test_a_password_that_is_missing_or_wrong(
    passwords: list[str | None], says: str, tmp_path: Path, filemill_run: Runner
) -> None:
    """The refusal names the document."""
    paths = [text_pdf(tmp_path / f"{name}.pdf", name) for name in ("one", "two", "three")]
    locked(paths[1], "open")
    with pytest.raises(FilemillError, match=f"(?i)input 2.*'two.pdf'.*{says}") as refused:
        filemill_run(paths, {**MERGE, "passwords": passwords})
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_passwords_by_input(tmp_path: Path, filemill_run: Runner) -> None:
    """Each opens its document; the result is open to all."""
    paths = [structured(tmp_path / "A.pdf", "A"), locked(structured(tmp_path / "B.pdf", "B"), "open")]
    made = filemill_run(paths, {**MERGE, "passwords": [None, "open"]}).outputs[0]
    result = Result(Path(made.path), "AB")
    assert not result.pdf.is_encrypted
    assert result.kept() == dict.fromkeys(CHECKS, True)


def test_more_passwords_than_documents(tmp_path: Path, filemill_run: Runner) -> None:
    """A password too many is a mistake in the call."""
    with pytest.raises(FilemillError) as refused:
        filemill_run(text_pdf(tmp_path / "a.pdf", "a"), {**MERGE, "passwords": ["x", "y"]})
    assert refused.value.code is ErrorCode.INVALID_PARAMETER


def test_a_picture_and_a_broken_document_are_named(tmp_path: Path, filemill_run: Runner) -> None:
    """Of many inputs the one at fault is said."""
    good = text_pdf(tmp_path / "good.pdf", "good")
    picture, broken = tmp_path / "picture.png", tmp_path / "broken.pdf"
    drawing(8, 8).write_to_file(str(picture))
    broken.write_bytes(b"%PDF-1.7\n" + bytes(100))
    for bad, code in ((picture, ErrorCode.UNSUPPORTED_MEDIA), (broken, ErrorCode.INVALID_FILE)):
        with pytest.raises(FilemillError, match=f"Input 3.*{bad.name}") as refused:
            filemill_run([good, good, bad], MERGE)
        assert refused.value.code is code


def test_a_stream_of_one_source_outlives_it(tmp_path: Path, filemill_run: Runner) -> None:
    """The bytes of every page's content are those that were, and qpdf finds nothing wrong."""
    paths = []
    for mark in "AB":
        path = tmp_path / f"{mark}.pdf"
        with pikepdf.new() as pdf:
            pdf.add_blank_page().obj.Contents = Stream(pdf, f"% {mark}\n".encode() * 1000)
            pdf.save(path)
        paths.append(path)
    with pikepdf.open(filemill_run(paths, MERGE).outputs[0].path) as pdf:
        assert [page.obj.Contents.read_bytes()[:4] for page in pdf.pages] == [b"% A\n", b"% B\n"]
        assert pdf.check_pdf_syntax() == []


def test_merging_twice_gives_the_same_bytes(tmp_path: Path, filemill_run: Runner) -> None:
    """Equal work, equal results."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in "AB"]
    assert same(filemill_run(paths, MERGE)) == same(filemill_run(paths, MERGE))

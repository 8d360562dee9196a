"""`pdf-info`, `pdf-metadata` and `extract-text` on documents whose content is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from filemill import ErrorCode, FilemillError
from filemill.task import Made
from filemill.testing.runner import Runner
from pdf_samples import draws, flate, form, opened, photo, text_pdf


def told(made: Made) -> Any:
    """What a result in JSON says."""
    return json.loads(Path(made.outputs[0].path).read_bytes())


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """A document with all that `pdf-info` tells of."""
    path = tmp_path / "rich.pdf"
    with pikepdf.open(text_pdf(path, "one", "two", "three"), allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            chapter = pikepdf.OutlineItem("Chapter", 0)
            chapter.children.append(pikepdf.OutlineItem("Section", 1))
            outline.root.extend([chapter, pikepdf.OutlineItem("Nowhere")])
        pdf.docinfo["/Title"] = "Größe"
        pdf.docinfo["/Author"] = "A. Writer"
        pdf.Root.Lang = String("de-AT")
        pdf.Root.MarkInfo = Dictionary(Marked=True)
        pdf.Root.StructTreeRoot = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D, P=String("A-"))]))
        pdf.attachments["note.txt"] = b"a note"
        field = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("surname"), V=String("Bee")))
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
        pdf.pages[1].obj.Rotate = 90
        font = Dictionary(Type=Name.Font, Subtype=Name.Type3, BaseFont=Name.Inner)
        inner = form(pdf, "")
        inner.Resources = Dictionary(Font=Dictionary(F9=font))
        pdf.pages[2].obj.Resources.XObject = Dictionary(Fm=pdf.make_indirect(inner))
        pdf.save(path, force_version="1.7")
    return path


def test_everything_is_told(rich: Path, filemill_run: Runner) -> None:
    """Each fact of a known document stands in the result."""
    facts = told(filemill_run(rich, {"op": "pdf-info"}))
    assert facts["sizeBytes"] == rich.stat().st_size
    assert (facts["pages"], facts["version"], facts["encrypted"]) == (3, "1.7", False)
    assert facts["sizes"][0] == {"width": 420, "height": 595, "rotation": 0}
    assert facts["sizes"][1] == {"width": 595, "height": 420, "rotation": 90}
    assert facts["metadata"] == {"title": "Größe", "author": "A. Writer"}
    assert (facts["language"], facts["tagged"], facts["hasTextLayer"]) == ("de-AT", True, True)
    assert facts["labels"] == ["i", "ii", "A-1"]
    assert facts["outline"] == [
        {"title": "Chapter", "level": 1, "page": 1},
        {"title": "Section", "level": 2, "page": 2},
        {"title": "Nowhere", "level": 1, "page": None},
    ]
    assert (facts["attachments"], facts["formFields"]) == (["note.txt"], ["surname"])
    assert facts["fonts"] == [
        {"name": "Helvetica", "type": "Type1", "embedded": False},
        {"name": "Inner", "type": "Type3", "embedded": True},
    ]
    assert "damaged" not in facts


def test_a_scan_has_no_text_layer(tmp_path: Path, filemill_run: Runner) -> None:
    """A page that is only a picture: nothing to read, no fonts."""
    with pikepdf.new() as pdf:
        page = draws(pdf, "q 288 0 0 216 40 40 cm /Im Do Q", Im=flate(pdf, photo(60, 40)))
        del page.obj.Resources["/Font"]
        pdf.save(tmp_path / "scan.pdf")
    facts = told(filemill_run(tmp_path / "scan.pdf", {"op": "pdf-info"}))
    assert (facts["hasTextLayer"], facts["fonts"], facts["labels"], facts["language"]) == (False, [], None, None)


@pytest.mark.parametrize(("how", "cipher"), [
    ({"R": 2, "aes": False, "metadata": False}, "RC4-40"),
    ({"R": 3, "aes": False, "metadata": False}, "RC4-128"),
    ({"R": 4, "aes": False, "metadata": False}, "RC4-128"),
    ({"R": 4, "aes": True}, "AES-128"),
    ({"R": 6}, "AES-256"),
])  # fmt: skip
def test_a_locked_document(how: dict[str, Any], cipher: str, rich: Path, filemill_run: Runner) -> None:
    """Without its password it is told how it is locked; with it, everything, and what the password may do."""
    locked = rich.with_name("locked.pdf")
    with pikepdf.open(rich) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="u", owner="o", **how))
    facts = told(filemill_run(locked, {"op": "pdf-info"}))
    assert (facts["encrypted"], facts["locked"], facts["cipher"], facts["revision"]) == (True, True, cipher, how["R"])
    assert "metadata" not in facts
    for password, restricted in (("u", True), ("o", False)):
        facts = told(filemill_run(locked, {"op": "pdf-info", "password": password}))
        assert (facts["locked"], facts["restricted"], facts["pages"]) == (False, restricted, 3)
        assert facts["metadata"]["title"] == "Größe"


@pytest.mark.parametrize(("algorithm", "cipher", "revision"), [
    ("RC4-40", "RC4-40", 2), ("RC4-128", "RC4-128", 3), ("AES-128", "AES-128", 4), ("AES-256-R5", "AES-256", 5),
    ("AES-256", "AES-256", 6),
])  # fmt: skip
def test_ciphers_as_another_program_writes_them(
    algorithm: str, cipher: str, revision: int, rich: Path, filemill_run: Runner
) -> None:
    """What pypdf encrypts is told by the same names."""
    writer = pypdf.PdfWriter(clone_from=rich)
    writer.encrypt("u", "o", algorithm=algorithm)
    writer.write(rich.with_name("locked.pdf"))
    facts = told(filemill_run(rich.with_name("locked.pdf"), {"op": "pdf-info"}))
    assert (facts["cipher"], facts["revision"]) == (cipher, revision)


def test_an_outline_in_a_ring_ends(rich: Path, filemill_run: Runner) -> None:
    """Bookmarks that follow themselves do not keep the worker busy."""
    with pikepdf.open(rich, allow_overwriting_input=True) as pdf:
        pdf.Root.Outlines.First["/Next"] = pdf.Root.Outlines.First
        pdf.save(rich)
    facts = told(filemill_run(rich, {"op": "pdf-info"}, in_worker=True))
    assert facts["pages"] == 3


def test_metadata_is_set_in_both_places(rich: Path, filemill_run: Runner) -> None:
    """Document information and XMP say the same; what is not named stays, an empty text removes."""
    with pikepdf.open(rich, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata() as xmp:
            xmp["dc:title"], xmp["dc:creator"] = "Old", ["Old"]
        pdf.docinfo["/Custom"] = "stays"
        pdf.save(rich)
    step = {"op": "pdf-metadata", "title": "Neuer Titel ✓", "author": "", "keywords": "a, b", "language": "en-GB"}
    path = filemill_run(rich, step).outputs[0].path
    with pikepdf.open(path) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Neuer Titel ✓"
        assert str(pdf.docinfo["/Custom"]) == "stays"
        assert "/Author" not in pdf.docinfo
        assert str(pdf.Root.Lang) == "en-GB"
        with pdf.open_metadata() as xmp:
            assert (xmp["dc:title"], xmp["pdf:Keywords"]) == ("Neuer Titel ✓", "a, b")
            assert "dc:creator" not in xmp
    assert told(filemill_run(Path(path), {"op": "pdf-info"}))["metadata"]["title"] == "Neuer Titel ✓"


def test_metadata_is_cleared(rich: Path, filemill_run: Runner) -> None:
    """`clear` leaves nothing but what is given with it, nowhere in the file."""
    with pikepdf.open(rich, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata() as xmp:
            xmp["dc:creator"] = ["A. Writer"]
        pdf.save(rich)
    path = Path(filemill_run(rich, {"op": "pdf-metadata", "clear": True, "subject": "kept"}).outputs[0].path)
    reader = pypdf.PdfReader(path)
    assert reader.metadata == {"/Subject": "kept"}
    assert reader.xmp_metadata is None
    with pikepdf.open(path) as pdf:
        assert "/Lang" not in pdf.Root
        everything = b"".join(item.unparse() for item in pdf.objects)
        assert b"Writer" not in everything
    assert opened(path).text(1).strip() == "one"


def test_broken_xmp_is_written_anew(rich: Path, filemill_run: Runner) -> None:
    """XMP that is no XML holds nothing that could stay: what is set stands in both places."""
    with pikepdf.open(rich, allow_overwriting_input=True) as pdf:
        pdf.Root.Metadata = pdf.make_stream(b"<x:xmpmeta", Type=Name.Metadata, Subtype=Name.XML)
        pdf.save(rich)
    path = filemill_run(rich, {"op": "pdf-metadata", "title": "x"}).outputs[0].path
    with pikepdf.open(path) as pdf, pdf.open_metadata() as xmp:
        assert (str(pdf.docinfo["/Title"]), xmp["dc:title"]) == ("x", "x")


def test_text_of_pages(tmp_path: Path, filemill_run: Runner) -> None:
    """The pages wanted, in their order, a form feed between them; pages without text are named."""
    path = text_pdf(tmp_path / "text.pdf", "one", "", "three")
    made = filemill_run(path, {"op": "extract-text"})
    pages = Path(made.outputs[0].path).read_text().split("\f")
    assert [page.strip() for page in pages] == ["one", "", "three"]
    assert made.outputs[0].facts["pagesWithoutText"] == [2]
    made = filemill_run(path, {"op": "extract-text", "pages": "3,1"})
    assert [page.strip() for page in Path(made.outputs[0].path).read_text().split("\f")] == ["three", "one"]


@pytest.mark.parametrize("pages", ["0", "3-1", "4", "9999999999", "", "a"])
def test_pages_that_are_not_there(pages: str, tmp_path: Path, filemill_run: Runner) -> None:
    """They are the request's fault, at their pointer."""
    path = text_pdf(tmp_path / "text.pdf", "one", "two", "three")
    for op in ("extract-text", "rasterize"):
        with pytest.raises(FilemillError) as caught:
            filemill_run(path, {"op": op, "pages": pages})
        assert caught.value.code is ErrorCode.INVALID_PARAMETER


@pytest.mark.parametrize("step", [
    {"op": "pdf-info"}, {"op": "extract-text"}, {"op": "pdf-metadata", "title": "x", "language": "en"},
])  # fmt: skip
def test_the_same_each_time(step: dict[str, object], rich: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes."""
    one, two = (filemill_run(rich, step).outputs[0].sha256 for _ in range(2))
    assert one == two

"""Formats are told by what is inside, and never by what a file is called or begins with."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemill import File, FilemillError, Format
from filemill.formats import FormatTable
from filemill.registry import load_registry
from filemill_office import compound_file, zip_directory
from filemill_office.formats import FORMATS
from office_documents import write_compound, write_docx, write_pptx, write_xlsx, write_zip

ZIP = Format(
    name="zip",
    title="ZIP",
    media_types=("application/zip",),
    extensions=("zip",),
    kind=File,
    sniff=lambda head: head.startswith(b"PK\x03\x04"),
    order=600,
)
TABLE = FormatTable([*load_registry(blocked=("archive",)).formats, ZIP])
OFFICE = frozenset(form.name for form in FORMATS)
SVG = '<?xml version="1.0"?>\n<!-- <html> -->\n<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def sniffed(path: Path, name: str = "file") -> str:
    """Return the format of a file; "" where none knows it."""
    try:
        return TABLE.sniff(path, name).format
    except FilemillError:
        return ""


def open_document(kind: str) -> dict[str, str | bytes]:
    """Return the files of an OpenDocument file, of which only the first counts."""
    return {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": "<x/>"}


@pytest.mark.parametrize(("write", "name"), [(write_docx, "docx"), (write_xlsx, "xlsx"), (write_pptx, "pptx")])
def test_open_xml(tmp_path: Path, write: object, name: str) -> None:
    """Word's, Excel's and PowerPoint's files are told apart whatever they are called."""
    assert callable(write)
    path = write(tmp_path / "any.bin")
    assert sniffed(path, "file.zip") == name
    assert sniffed(path, "file.odt") == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("text", "odt"),
        ("text-template", "odt"),
        ("spreadsheet", "ods"),
        ("presentation", "odp"),
        ("graphics", "zip"),
        ("text-master", "zip"),
    ],
)
def test_open_document(tmp_path: Path, kind: str, name: str) -> None:
    """OpenDocument files are told by the type that they say at their beginning."""
    assert sniffed(write_zip(tmp_path / "file", open_document(kind))) == name


@pytest.mark.parametrize(
    "files",
    [
        {"readme.txt": "x"},
        {"word/document.xml": "x", "readme.txt": "x"},
        {"[Content_Types].xml": "x", "word/document.xml": "x"},
        {"[Content_Types].xml": "x", "_rels/.rels": "x", "other/word/document.xml": "x"},
        {"readme.txt": "x", **open_document("text")},
        {"mimetype": "application/epub+zip"},
        {"copy/[Content_Types].xml": "x", "copy/_rels/.rels": "x", "copy/word/document.xml": "x"},
        {"report.docx": b"PK\x03\x04 word/ [Content_Types].xml _rels/.rels"},
    ],
    ids=str,
)
def test_an_archive_stays_one(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    """A ZIP of documents, or one that has a file of that name somewhere, is a ZIP."""
    assert sniffed(write_zip(tmp_path / "file", files), "file.docx") == "zip"


def test_a_damaged_package_is_an_archive(tmp_path: Path) -> None:
    """Without its directory nobody can say what a ZIP is; nor where it would take too long to read."""
    path = write_docx(tmp_path / "file")
    path.write_bytes(path.read_bytes()[:-100])
    assert sniffed(path) == "zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(70):
            archive.writestr(zipfile.ZipInfo(f"word/{number}" + "x" * 65000), "")
        for name in ("[Content_Types].xml", "_rels/.rels"):
            archive.writestr(name, "")
    assert zip_directory.members(path) == []
    assert sniffed(path) == "zip"


@pytest.mark.parametrize(
    ("streams", "name"),
    [
        (("WordDocument", "1Table"), "doc"),
        (("Data", "x", "y", "z", "Workbook"), "xls"),
        (("Book",), "xls"),
        (("Current User", "PowerPoint Document"), "ppt"),
        (("EncryptionInfo", "EncryptedPackage"), "encrypted-office"),
        (("VisioDocument",), ""),
        ((), ""),
    ],
)
def test_compound_files(tmp_path: Path, streams: tuple[str, ...], name: str) -> None:
    """Compound files are told apart by what stands at their root."""
    assert sniffed(write_compound(tmp_path / "file", *streams), "file.doc") == name


def test_what_is_embedded_does_not_count(tmp_path: Path) -> None:
    """A document in which a spreadsheet is embedded is a document."""
    path = write_compound(tmp_path / "file", "WordDocument", inner="Workbook")
    assert compound_file.root_names(path) == {"WordDocument", "Pool"}
    assert sniffed(path) == "doc"


@pytest.mark.parametrize("name", ["docx", "xlsx", "pptx"])
def test_with_a_password(tmp_path: Path, name: str) -> None:
    """Of what a password protects, only its name says what it is."""
    path = write_compound(tmp_path / "file", "EncryptionInfo", "EncryptedPackage")
    assert sniffed(path, f"file.{name}") == name


@pytest.mark.parametrize(
    ("content", "name", "format"),
    [
        ("<!DOCTYPE html><p>x", "file", "html"),
        ("\ufeff \n<!-- x --><HTML lang=en>", "file.txt", "html"),
        ('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "file.svg", "html"),
        ("<p>x</p>", "file.html", "html"),
        ("<p>x</p>", "file", "text"),
        ("<htmlx>", "file", "text"),
        (SVG, "file.html", "svg"),
        ("<html><div class='ocr_page'>", "file.html", "hocr"),
        ("a,b\n1,2\n", "file.csv", "csv"),
        ("a,b\n1,2\n", "file.CSV", "csv"),
        ("[a],b\n", "file.csv", "csv"),
        ("a,b\n1,2\n", "file", "text"),
        ("# x", "notes.md", "md"),
        ("[x](y)", "notes.markdown", "md"),
        ("# x", "notes.txt", "text"),
        ('{"a": 1}', "file.json", "json"),
        ("{\\rtf1 x}", "file.txt", "rtf"),
        ("%PDF-1.7", "file.md", "pdf"),
        ("plain", "file.docx", "text"),
    ],
)
def test_text(tmp_path: Path, content: str, name: str, format: str) -> None:
    """HTML is told by its first element, what is plain text by its name; a name alone makes nothing of a file."""
    path = tmp_path / "content"
    path.write_text(content, encoding="utf-8")
    assert sniffed(path, name) == format


def test_other_formats_stay_theirs(tmp_path: Path) -> None:
    """A tar of documents, and a picture by the name of one, are what they are."""
    document = write_docx(tmp_path / "a.docx")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(document, "word/document.xml")
    assert sniffed(tmp_path / "a.tar", "a.docx") not in OFFICE
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + document.read_bytes())
    assert sniffed(tmp_path / "a.png", "a.docx") == "png"


@settings(suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([b"", b"PK\x03\x04", compound_file.MAGIC, b"PK\x05\x06"]),
    st.binary(max_size=200),
    st.integers(0, 2000),
    st.integers(0, 255),
)
def test_looking_never_fails(tmp_path: Path, beginning: bytes, rest: bytes, place: int, value: int) -> None:
    """Whatever is in a file, looking into it says yes or no, and takes no loop for a way."""
    path, real = tmp_path / "any", tmp_path / "real"
    path.write_bytes(beginning + rest)
    damaged = bytearray((real if real.exists() else write_compound(real, "WordDocument", "x")).read_bytes())
    damaged[place % len(damaged)] = value
    for content in (path.read_bytes(), bytes(damaged)):
        path.write_bytes(content)
        for form in FORMATS:
            assert form.look is None or form.look(path) in (True, False)
            assert form.sniff(content[:4096]) in (True, False)
        assert isinstance(zip_directory.content(path, "mimetype", 10), bytes)

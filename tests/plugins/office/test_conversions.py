"""What files become of each other: every format read and written, and looked at with another program."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
import pytest

from filemill import ErrorCode, File, FilemillError, Text
from filemill.kinds import Held
from filemill_office import csv_files
from filemill_office.conversions import CONVERSIONS
from office_documents import ROWS, TABLE, convert, convert_file, write_docx, write_pptx, write_xlsx


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For what tests make."""
    return tmp_path_factory.mktemp("office")


def along(path: Path, *targets: str) -> dict[str, Path]:
    """Convert a file into the first format, that into the second, and so on."""
    made: dict[str, Path] = {}
    for target in targets:
        folder = path.parent / f"{path.stem}-{target}"
        result = convert(path, target, folder)
        if isinstance(result, Text):
            path = folder / "text.txt"
            path.write_text(result.text, encoding="utf-8")
        else:
            file = result.file if isinstance(result, Held) else result
            assert isinstance(file, File)
            path = file.path
        made[target] = path
        assert target == "pdf" or TABLE.sniff(path, f"file.{target}").format == target
    return made


def words(pdf: Path) -> list[str]:
    """Read the words of a PDF by another program."""
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout.split()


def test_documents(folder: Path) -> None:
    """A document keeps its words through each format of its family, and its structure through those that have it."""
    made = along(write_docx(folder / "document.docx"), "odt", "doc", "rtf", "docx", "html", "text")
    document = docx.Document(str(made["docx"]))
    said = [paragraph.text for paragraph in document.paragraphs if paragraph.text]
    assert said == ["Quarterly Übersicht", "A naïve paragraph with bold words", "The second page"]
    assert document.paragraphs[0].style is not None
    assert document.paragraphs[0].style.name == "Heading 1"
    assert [run.text for paragraph in document.paragraphs for run in paragraph.runs if run.bold][-1] == "bold words"
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["first", ""], ["", "12.50"]]
    text = made["text"].read_text(encoding="utf-8")
    assert text.split() == " ".join([*said[:2], "first 12.50", *said[2:]]).split()
    assert not text.startswith("\ufeff")


def test_a_document_as_pdf(folder: Path) -> None:
    """A PDF has the pages and the words of the document, and says nothing of when."""
    made = convert_file(write_docx(folder / "pages.docx"), "pdf", folder / "pages")
    pdf = pypdf.PdfReader(made.path)
    assert len(pdf.pages) == 2
    assert pdf.metadata is not None
    assert pdf.metadata.creation_date is None
    expected = "Quarterly Übersicht A naïve paragraph with bold words first 12.50 The second page"
    assert words(made.path) == expected.split()
    assert made.name == "pages.pdf"


def test_text_as_a_document(folder: Path) -> None:
    """Plain text is UTF-8, and its lines are paragraphs."""
    path = folder / "plain.txt"
    path.write_text("Zwölf Boxkämpfer\n\n<b>五</b> & more\n", encoding="utf-8")
    document = docx.Document(str(along(path, "docx")["docx"]))
    assert [paragraph.text for paragraph in document.paragraphs][:3] == ["Zwölf Boxkämpfer", "", "<b>五</b> & more"]


def test_markdown_as_pdf(folder: Path) -> None:
    """Markdown becomes HTML, with its tables, and that a PDF."""
    path = folder / "notes.md"
    path.write_text("# Überschrift\n\nA ~~bad~~ **good** line\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<br><x>raw</x>\n")
    made = along(path, "html", "pdf")
    html = made["html"].read_text(encoding="utf-8")
    assert "<h1>Überschrift</h1>" in html
    assert "<s>bad</s> <strong>good</strong>" in html
    assert html.count("<td>") == 2
    assert "<br>raw" in html
    assert words(made["pdf"]) == ["Überschrift", "A", "bad", "good", "line", "a", "b", "1", "2", "raw"]


def test_sheets(folder: Path) -> None:
    """A spreadsheet keeps its cells through each format of its family."""
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(ROWS)
    made = along(path, "ods", "xls", "xlsx", "csv")
    rows = openpyxl.load_workbook(made["xlsx"]).worksheets[0].iter_rows(values_only=True)
    assert [list(row) for row in rows] == ROWS
    written = list(csv.reader(io.StringIO(made["csv"].read_text(encoding="utf-8"))))
    assert written == [[str(cell) for cell in row] for row in ROWS]


def test_a_workbook(folder: Path) -> None:
    """All sheets are in the PDF; the first alone is the text, with tabs between its cells."""
    book = write_xlsx(folder / "book.xlsx")
    pdf = along(book, "pdf")["pdf"]
    assert len(pypdf.PdfReader(pdf).pages) == 2
    assert {"count", "Ελλάδα", "1000000"} <= set(words(pdf))
    assert "999996" in words(pdf), "formulas are worked out"
    text = convert(book, "text", folder / "book-text")
    assert isinstance(text, Text)
    assert [line.split("\t") for line in text.text.splitlines()] == [[str(cell) for cell in row] for row in ROWS]


def test_slides(folder: Path) -> None:
    """Slides keep their words through each format of their family; their text is parted by form feeds."""
    made = along(write_pptx(folder / "slides.pptx"), "odp", "ppt", "pptx")
    slides = [
        [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame and shape.text_frame.text]
        for slide in pptx.Presentation(str(made["pptx"])).slides
    ]
    assert slides == [["Quarterly Übersicht", "A naïve line: 12.50"], ["Second", "The end"]]
    text = convert(made["pptx"], "text", folder / "slides-text")
    assert isinstance(text, Text)
    assert [page.replace("•", "").split() for page in text.text.split("\f")] == [
        [word for line in slide for word in line.split()] for slide in slides
    ]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1, 2\t3\n", "\t"),
        ('"a;b";c|d\n"e,f";g|h\n', ";"),
        ("one\ntwo\n", ","),
        ("", ","),
    ],
)
def test_separators(tmp_path: Path, text: str, sign: str) -> None:
    """Columns are parted by the sign that parts all lines alike."""
    path = tmp_path / "file.csv"
    path.write_text(text)
    assert csv_files.separator(path) == sign


def test_markdown_in_other_letters(tmp_path: Path) -> None:
    """What is not UTF-8 further on than a file is sniffed is refused."""
    path = tmp_path / "file.md"
    path.write_bytes(b"# x\n" * 2000 + "ü".encode("latin-1"))
    with pytest.raises(FilemillError) as refused:
        convert(path, "html", tmp_path / "task")
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_every_pair() -> None:
    """Each family is complete: every format becomes every other, and all become PDF and text."""
    pairs = {(source, target) for edge in CONVERSIONS for source in edge.sources for target in edge.targets}
    families = [("doc", "docx", "odt", "rtf", "text", "html"), ("xls", "xlsx", "ods", "csv"), ("ppt", "pptx", "odp")]
    expected = {(source, target) for family in families for source in family for target in family if source != target}
    expected |= {(source, target) for family in families for source in family for target in ("pdf", "text")}
    assert pairs == (expected | {("md", "html")}) - {("text", "text"), ("csv", "text")}
    for edge in CONVERSIONS:
        assert edge.shape.accepts
        assert edge.engine in ("libreoffice", "markdown-it")
        assert (edge.cost > 10) == (edge.engine == "libreoffice")

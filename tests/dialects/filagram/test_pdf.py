"""`POST /api/v1/merge-pdf` and `/split-pdf`: FG-34…FG-43."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import httpx
import pikepdf
import pytest

from filagram_wire import done, fetched, form, refused
from pdf_samples import opened, text_pdf

MEMBERS = ("url", "pages", "size")
MERGE, SPLIT = "/api/v1/merge-pdf", "/api/v1/split-pdf"


@pytest.fixture(scope="session")
def pdfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `a.pdf` of one page, `b.pdf` of two, `c.pdf` of one, `twelve.pdf`, and one that is encrypted."""
    folder = tmp_path_factory.mktemp("pdfs")
    text_pdf(folder / "a.pdf", "Alpha")
    text_pdf(folder / "b.pdf", "Beta one", "Beta two")
    text_pdf(folder / "c.pdf", "Gamma")
    text_pdf(folder / "twelve.pdf", *(f"Sheet {number}" for number in range(1, 13)))
    with pikepdf.open(folder / "a.pdf") as pdf:
        pdf.save(folder / "locked.pdf", encryption=pikepdf.Encryption(user="open", owner="own"))
    return folder


def texts(data: bytes, folder: Path) -> list[str]:
    """Return the text of every page of a PDF."""
    path = folder / "result.pdf"
    path.write_bytes(data)
    document = opened(path)
    return [document.text(number).strip() for number in range(1, document.pages + 1)]


def split(client: httpx.Client, path: Path, **data: str) -> tuple[zipfile.ZipFile, int]:
    """Split a PDF, and return the ZIP and what the answer says that it holds."""
    body = done(client.post(SPLIT, files=form(path), data=data), *MEMBERS)
    assert body["url"].endswith(".zip")
    response = httpx.get(body["url"])
    assert response.headers["content-type"] == "application/zip"
    assert len(response.content) == body["size"]
    return zipfile.ZipFile(BytesIO(response.content)), body["pages"]


def test_merge_in_the_order_of_the_parts(filagram: httpx.Client, pdfs: Path, tmp_path: Path) -> None:
    """FG-34, FG-35, FG-36: all pages in the order of the parts, whatever their names; `files` is `files[]`."""
    order = [("files[]", "c.pdf"), ("files", "b.pdf"), ("files[]", "a.pdf")]
    files = [(field, ("z.pdf", (pdfs / name).read_bytes())) for field, name in order]
    body = done(filagram.post(MERGE, files=files), *MEMBERS)
    assert body["url"].endswith(".pdf")
    data = fetched(body["url"])
    assert len(data) == body["size"]
    assert body["pages"] == 4
    assert texts(data, tmp_path) == ["Gamma", "Beta one", "Beta two", "Alpha"]


@pytest.mark.parametrize("names", [[], ["files[]"], ["files[]", "file"], ["files[]", "files[0]"]])
def test_fewer_than_two(filagram: httpx.Client, pdfs: Path, names: list[str]) -> None:
    """FG-36: less than two parts of the name is 400."""
    files = [(name, ("a.pdf", (pdfs / "a.pdf").read_bytes())) for name in names]
    response = filagram.post(MERGE, files=files or {"other": b"x"})
    assert "files[]" in refused(response, 400, "BAD_REQUEST")


def test_an_empty_part_does_not_count(filagram: httpx.Client, pdfs: Path, tmp_path: Path) -> None:
    """FG-11, FG-36: a part without a byte is none: with one other it is 400, with two it is left."""
    some = ("files[]", ("a.pdf", (pdfs / "a.pdf").read_bytes()))
    empty = ("files[]", ("b.pdf", b""))
    refused(filagram.post(MERGE, files=[some, empty]), 400, "BAD_REQUEST")
    body = done(filagram.post(MERGE, files=[some, empty, some]), *MEMBERS)
    assert texts(fetched(body["url"]), tmp_path) == ["Alpha", "Alpha"]


@pytest.mark.parametrize("bad", ["locked", "truncated", "picture", "text"])
def test_a_part_that_is_no_readable_pdf(filagram: httpx.Client, pdfs: Path, photo: Path, bad: str) -> None:
    """FG-36, FG-64: encrypted, broken and other files are 422, wherever they stand."""
    data = {
        "locked": (pdfs / "locked.pdf").read_bytes(),
        "truncated": (pdfs / "b.pdf").read_bytes()[:90],
        "picture": photo.read_bytes(),
        "text": b"%PD not quite",
    }[bad]
    good = ("files[]", ("a.pdf", (pdfs / "a.pdf").read_bytes()))
    for files in ([("files[]", ("x.pdf", data)), good], [good, ("files[]", ("x.pdf", data))]):
        refused(filagram.post(MERGE, files=files), 422, "INVALID_FILE")


def test_split_into_single_pages(filagram: httpx.Client, pdfs: Path, tmp_path: Path) -> None:
    """FG-38, FG-39, FG-40, FG-41, FG-43: without `pages` a PDF of each page, named by its number."""
    archive, pages = split(filagram, pdfs / "twelve.pdf")
    assert archive.namelist() == [f"page-{number:04}.pdf" for number in range(1, 13)]
    assert pages == 12
    for number, name in enumerate(archive.namelist(), 1):
        assert texts(archive.read(name), tmp_path) == [f"Sheet {number}"]


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [
        ("1-3,5", [1, 2, 3, 5]),
        ("5, 1 - 3", [5, 1, 2, 3]),
        ("2,2,1-2", [2, 1]),
        ("12", [12]),
        ("7-7", [7]),
        ("", list(range(1, 13))),
    ],
)
def test_selected_pages(filagram: httpx.Client, pdfs: Path, tmp_path: Path, pages: str, numbers: list[int]) -> None:
    """FG-38, FG-39, FG-40, FG-41, FG-42, FG-43: pages in the order written, each once; one is a ZIP as well."""
    archive, count = split(filagram, pdfs / "twelve.pdf", pages=pages)
    assert archive.namelist() == [f"page-{number:04}.pdf" for number in numbers]
    assert count == len(numbers)
    assert texts(archive.read(archive.namelist()[0]), tmp_path) == [f"Sheet {numbers[0]}"]


def test_a_document_of_one_page(filagram: httpx.Client, pdfs: Path, tmp_path: Path) -> None:
    """FG-39: a ZIP where there is but one page too."""
    archive, count = split(filagram, pdfs / "a.pdf")
    assert (archive.namelist(), count) == (["page-0001.pdf"], 1)
    assert texts(archive.read("page-0001.pdf"), tmp_path) == ["Alpha"]


@pytest.mark.parametrize(
    "pages", ["13", "1-13", "0", "0-2", "3-1", "a", "1-", "-3", "1,,2", ",", "1.5", "all", "١", "9" * 5000, "1;2"]
)
def test_pages_that_are_none(filagram: httpx.Client, pdfs: Path, pages: str) -> None:
    """FG-42: beyond the end, zero, or not the grammar is 400."""
    refused(filagram.post(SPLIT, files=form(pdfs / "twelve.pdf"), data={"pages": pages}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("bad", ["locked", "truncated", "picture"])
def test_split_what_is_no_pdf(filagram: httpx.Client, pdfs: Path, photo: Path, bad: str) -> None:
    """FG-64: encrypted, broken and other files are 422."""
    data = {
        "locked": (pdfs / "locked.pdf").read_bytes(),
        "truncated": (pdfs / "b.pdf").read_bytes()[:90],
        "picture": photo.read_bytes(),
    }[bad]
    refused(filagram.post(SPLIT, files={"file": ("a.pdf", data)}), 422, "INVALID_FILE")


@pytest.mark.corpus
def test_real_documents(filagram: httpx.Client, corpus: Path) -> None:
    """FG-34, FG-39: documents of real programs are merged, and the result is split."""
    names = ["pdflatex-outline.pdf", "libreoffice-form.pdf"]
    files = [("files[]", (name, (corpus / "pdf" / name).read_bytes())) for name in names]
    total = sum(opened(corpus / "pdf" / name).pages for name in names)
    body = done(filagram.post(MERGE, files=files), *MEMBERS)
    assert body["pages"] == total
    parts = done(filagram.post(SPLIT, files={"file": fetched(body["url"])}), *MEMBERS)
    assert parts["pages"] == total

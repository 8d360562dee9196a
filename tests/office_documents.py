"""Documents, spreadsheets and presentations made by other programs, and one conversion of one of them.

As a program it does what a worker does with a task, in a process of its own:

    python office_documents.py SOURCE TARGET FOLDER
"""

from __future__ import annotations

import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import docx
import openpyxl
import pptx

from filemill import Context, Conversion, Limits
from filemill.formats import JSON, TEXT, FormatTable
from filemill.kinds import File, Held
from filemill_office.conversions import CONVERSIONS
from filemill_office.formats import FORMATS

ROWS: list[list[str | int | float]] = [
    ["name", "count", "price"],
    ["Müller, Söhne", 3, 12.5],
    ['a "quoted" word', -7, 0.25],
    ["Ελλάδα", 1000000, 3],
]
TABLE = FormatTable([TEXT, JSON, *FORMATS])


def edge(source: str, target: str) -> Conversion:
    """Return the only conversion of one format into another."""
    (found,) = [edge for edge in CONVERSIONS if source in edge.sources and target in edge.targets]
    return found


def convert(path: Path, target: str, folder: Path, name: str = "", limits: Limits | None = None) -> object:
    """Convert a file as a step of a pipeline would, in a task's folder."""
    folder.mkdir(exist_ok=True, parents=True)
    context = Context(limits=limits or Limits(), folder=folder, formats=TABLE)
    file = TABLE.sniff(path, name or path.name)
    return edge(file.format, target).run(file, target, context)


def convert_file(path: Path, target: str, folder: Path, limits: Limits | None = None) -> File:
    """Convert a file into another file."""
    made = convert(path, target, folder, limits=limits)
    file = made.file if isinstance(made, Held) else made
    assert isinstance(file, File)
    return file


def write_docx(path: Path) -> Path:
    """Write a document of two pages: a heading, paragraphs, a table."""
    document = docx.Document()
    document.add_heading("Quarterly Übersicht", 1)
    document.add_paragraph("A naïve paragraph with ").add_run("bold words").bold = True
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "first", "12.50"
    document.add_page_break()  # type: ignore[no-untyped-call]
    document.add_paragraph("The second page")
    document.save(str(path))
    return path


def write_xlsx(path: Path) -> Path:
    """Write a workbook of two sheets, with a formula on the second."""
    book = openpyxl.Workbook()
    first = book.worksheets[0]
    for row in ROWS:
        first.append(row)
    second = book.create_sheet("Sums")
    second["A1"] = "=SUM(Sheet!B2:B4)"
    book.save(path)
    return path


def write_pptx(path: Path) -> Path:
    """Write two slides."""
    slides = pptx.Presentation()
    for title, line in (("Quarterly Übersicht", "A naïve line: 12.50"), ("Second", "The end")):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = line
    slides.save(str(path))
    return path


def write_zip(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a ZIP, its files in the order given and the first stored."""
    with zipfile.ZipFile(path, "w") as archive:
        for index, (name, content) in enumerate(files.items()):
            archive.writestr(name, content, zipfile.ZIP_DEFLATED if index else zipfile.ZIP_STORED)
    return path


def rewrite_zip(source: Path, path: Path, edit: Callable[[str, bytes], bytes], more: Mapping[str, str]) -> Path:
    """Write a ZIP anew with its files changed, and more of them."""
    with zipfile.ZipFile(source) as archive:
        files: dict[str, str | bytes] = {name: edit(name, archive.read(name)) for name in archive.namelist()}
    return write_zip(path, {**files, **more})


def write_compound(path: Path, *streams: str, inner: str = "") -> Path:
    """Write an OLE compound file of empty streams, of which one may be in a storage of its own."""
    names = [("Root Entry", 5), *((stream, 2) for stream in streams), *([("Pool", 1), (inner, 2)] if inner else [])]
    none = 0xFFFFFFFF
    entries = b""
    for number, (name, kind) in enumerate(names):
        child = {"Root Entry": 1, "Pool": number + 1}.get(name, none)
        last = number >= len(names) - (2 if inner else 1)  # of the root's children, each the right one of that before
        right = number + 1 if number > 0 and not last else none
        told = name.encode("utf-16-le") + b"\0\0"
        entries += told.ljust(64, b"\0") + struct.pack("<HBBIII", len(told), kind, 1, none, right, child) + bytes(48)
    entries = entries.ljust(-(-len(entries) // 512) * 512, b"\0")
    sectors = len(entries) // 512
    table = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0") + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(10) + struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    header += b"\xff" * (512 - len(header) - 4) + b"\xff" * 4
    header = header[:76] + struct.pack("<I", 0) + b"\xff" * (512 - 80)
    path.write_bytes(header + struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff") + entries)
    return path


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))

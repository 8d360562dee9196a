"""The edges of the graph: documents, spreadsheets and presentations, each among their own family and into PDF."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from filemill import Context, Conversion, Document, File, Text
from filemill_office import csv_files, libreoffice, markdown
from filemill_office.bombs import check_unpacked
from filemill_office.encrypted import check_readable
from filemill_office.html_cleaning import cleaned, decoded

_COST = 12
"""A start of LibreOffice."""
_UTF8 = 76
_WRITING = {
    "doc": "MS Word 97",
    "docx": "MS Word 2007 XML",
    "odt": "writer8",
    "rtf": "Rich Text Format",
    "html": "HTML (StarWriter):EmbedImages",
    "xls": "MS Excel 97",
    "xlsx": "Calc MS Excel 2007 XML",
    "ods": "calc8",
    "csv": f"Text - txt - csv (StarCalc):44,34,{_UTF8},1,,0,false,true,false",
    "ppt": "MS PowerPoint 97",
    "pptx": "Impress MS PowerPoint 2007 XML",
    "odp": "impress8",
}
_TEXT = "Text (encoded):UTF8,LF"
_TABBED = f"Text - txt - csv (StarCalc):9,0,{_UTF8},1,,0,false,true,false"
_PDF = {"writer": "writer_pdf_Export", "calc": "calc_pdf_Export", "impress": "impress_pdf_Export"}

_DOCUMENTS = ("doc", "docx", "odt", "rtf", "text", "html")
_SHEETS = ("xls", "xlsx", "ods", "csv")
_SLIDES = ("ppt", "pptx", "odp")
_POORER = ("rtf", "html", "csv")


def to_office(value: File, target: str, context: Context) -> File:
    """Write a file as another format of its family; of a spreadsheet, CSV holds the first sheet."""
    return _converted(value, target, _WRITING[target], context)


def to_pdf(value: File, target: str, context: Context, *, part: str) -> Document:
    """Write a file as PDF."""
    from filemill_office.pdf_files import without_time  # noqa: PLC0415 - qpdf only where work is done

    made = _converted(value, target, _PDF[part], context)
    path = context.path(target)
    without_time(made.path, path)
    return Document.read(File(path, made.name, target, path.stat().st_size), limits=context.limits)


def text_of_document(value: File, target: str, context: Context) -> Text:
    """Return the text of a document."""
    return _text(_converted(value, "txt", _TEXT, context))


def text_of_sheet(value: File, target: str, context: Context) -> Text:
    """Return the cells of the first sheet as they are shown, parted by tabs."""
    return _text(_converted(value, "txt", _TABBED, context))


def text_of_slides(value: File, target: str, context: Context) -> Text:
    """Return the text of slides, parted by form feeds."""
    slides = to_pdf(value, "pdf", context, part="impress")
    return Text("\f".join(slides.text(number) for number in range(1, slides.pages + 1)))


def _text(file: File) -> Text:
    return Text(file.path.read_bytes().decode("utf-8-sig", "replace"))


def _converted(value: File, target: str, writing: str, context: Context) -> File:
    check_readable(value)
    check_unpacked(value, context)
    if value.format == "html":
        value = _harmless(value, context)
    return libreoffice.converted(value, target, _reading(value), writing, context)


def _harmless(file: File, context: Context) -> File:
    path = context.path("html")
    path.write_text(cleaned(decoded(file.path.read_bytes()), file.name), encoding="utf-8")
    return File(path, file.name, "html", path.stat().st_size)


def _reading(file: File) -> str:
    """Return the filter to read a file by, where its content would not tell."""
    if file.format == "csv":
        sign = ord(csv_files.separator(file.path))
        return f"Text - txt - csv (StarCalc):{sign},34,{_UTF8},1,,1033,true,false,false"
    return {"text": "Text (encoded):UTF8,LF", "html": "HTML (StarWriter)"}.get(file.format, "")


def _edges(part: str, formats: tuple[str, ...], text: Callable[..., Any]) -> list[Conversion]:
    def edge(target: str, run: Callable[..., Any], sources: tuple[str, ...], *, lossy: bool = False) -> Conversion:
        return Conversion(
            sources=tuple(source for source in sources if source != target),
            targets=(target,),
            run=run,
            cost=_COST,
            lossy=lossy,
            engine="libreoffice",
            final=target == "text",  # of a sheet or slides it is no document to begin with
            missing=partial(libreoffice.missing, part),
        )

    family = [target for target in formats if target != "text"]
    return [
        edge("pdf", _pdf_of(part), formats),
        *(edge(target, to_office, formats, lossy=target in _POORER) for target in family),
        edge("text", text, tuple(source for source in formats if source != "csv"), lossy=True),
    ]


def _pdf_of(part: str) -> Callable[[File, str, Context], Document]:
    def run(value: File, target: str, context: Context) -> Document:
        return to_pdf(value, target, context, part=part)

    return run


CONVERSIONS: tuple[Conversion, ...] = (
    *_edges("writer", _DOCUMENTS, text_of_document),
    *_edges("calc", _SHEETS, text_of_sheet),
    *_edges("impress", _SLIDES, text_of_slides),
    Conversion(sources=("md",), targets=("html",), run=markdown.to_html, cost=1, lossy=False, engine="markdown-it"),
)

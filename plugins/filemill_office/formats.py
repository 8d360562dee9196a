"""The formats of office programs, told by what is inside: their beginning is that of any ZIP or compound file."""

from __future__ import annotations

import re
from pathlib import Path

from filemill import Context, File, Format
from filemill_office import compound_file, zip_directory
from filemill_office.encrypted import ENCRYPTED

_PACKAGE = frozenset({"[Content_Types].xml", "_rels/.rels"})
"""In every file of Word, Excel and PowerPoint since 2007."""
_ORDER = 100
"""Before whatever takes any ZIP."""
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s++html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
"""Nothing in it is tried a second way: a thousand comments would be tried in two to the thousandth ways."""


def _given(file: File, context: Context) -> File:
    """Give the file as it is: only conversions take it."""
    return file


def _compound(name: str, title: str, media_type: str, *streams: str) -> Format:
    return Format(
        name=name,
        title=title,
        media_types=(media_type,),
        extensions=(name,),
        kind=File,
        sniff=lambda head: head.startswith(compound_file.MAGIC),
        look=lambda path: not compound_file.root_names(path).isdisjoint(streams),
        open=_given,
        order=_ORDER,
    )


def _open_xml(name: str, title: str, media_type: str, folder: str) -> Format:
    def look(path: Path) -> bool:
        names = zip_directory.names(path, needed=_PACKAGE)
        return names >= _PACKAGE and any(name.startswith(folder) for name in names)

    return Format(
        name=name,
        title=title,
        media_types=("application/vnd.openxmlformats-officedocument." + media_type,),
        extensions=(name,),
        kind=File,
        sniff=lambda head: head.startswith(zip_directory.MAGIC),
        look=look,
        within=(ENCRYPTED.name,),
        open=_given,
        order=_ORDER,
    )


def _open_document(name: str, title: str, media_type: str) -> Format:
    said = "application/vnd.oasis.opendocument." + media_type
    return Format(
        name=name,
        title=title,
        media_types=(said,),
        extensions=(name,),
        kind=File,
        sniff=lambda head: zip_directory.first(head, b"mimetype") in (said.encode(), said.encode() + b"-template"),
        open=_given,
        order=_ORDER,
    )


def _is_html(head: bytes) -> bool:
    return _HTML.match(head) is not None


FORMATS: tuple[Format, ...] = (
    _compound("doc", "Word 97–2003", "application/msword", "WordDocument"),
    _compound("xls", "Excel 97–2003", "application/vnd.ms-excel", "Workbook", "Book"),
    _compound("ppt", "PowerPoint 97–2003", "application/vnd.ms-powerpoint", "PowerPoint Document"),
    _open_xml("docx", "Word", "wordprocessingml.document", "word/"),
    _open_xml("xlsx", "Excel", "spreadsheetml.sheet", "xl/"),
    _open_xml("pptx", "PowerPoint", "presentationml.presentation", "ppt/"),
    _open_document("odt", "OpenDocument text", "text"),
    _open_document("ods", "OpenDocument spreadsheet", "spreadsheet"),
    _open_document("odp", "OpenDocument presentation", "presentation"),
    ENCRYPTED,
    Format(
        name="rtf",
        title="Rich Text Format",
        media_types=("application/rtf", "text/rtf"),
        extensions=("rtf",),
        kind=File,
        sniff=lambda head: head.startswith(b"{\\rtf"),
        open=_given,
        order=_ORDER,
    ),
    Format(
        name="html",
        title="HTML",
        media_types=("text/html", "application/xhtml+xml"),
        extensions=("html", "htm", "xhtml"),
        kind=File,
        sniff=_is_html,
        within=("text",),
        open=_given,
        order=850,  # after hOCR, which is HTML as well
    ),
    Format(
        name="csv",
        title="CSV",
        media_types=("text/csv",),
        extensions=("csv",),
        kind=File,
        sniff=lambda head: False,
        within=("text", "json"),
        open=_given,
    ),
    Format(
        name="md",
        title="Markdown",
        media_types=("text/markdown",),
        extensions=("md", "markdown"),
        kind=File,
        sniff=lambda head: False,
        within=("text", "json"),
        open=_given,
    ),
)

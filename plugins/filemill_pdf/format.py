"""The format `pdf`."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from filemill import Context, Document, Encoding, File, FilemillError, Format

_HEADER = re.compile(rb"%PDF-\d")
_JUNK_BYTES = 1024
"""How far into a file its header may be, as Acrobat and every reader after it take it, bytes."""
_ZIP = b"PK\x03\x04"
"""A ZIP may begin with a PDF that it stores as it is."""


def _sniff(head: bytes) -> bool:
    return not head.startswith(_ZIP) and _HEADER.search(head, 0, _JUNK_BYTES + len(b"%PDF-1")) is not None


def open_document(file: File, context: Context, password: str | None = None) -> Document:
    """Open a PDF; what PDFium can't open and another library can is written anew.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, locked, or of too many pages.
    """
    from filemill_pdf.opening import check_pages, open_file, save_pdf  # noqa: PLC0415 - qpdf only where work is done

    try:
        document = Document.read(file, password=password, limits=context.limits)
    except FilemillError:
        with open_file(file, context, password) as pdf:
            return save_pdf(pdf, context, file.name)
    check_pages(file, document.pages)
    return document


def _open(file: File, context: Context) -> Document:
    return open_document(file, context)


def _save(document: Document, path: Path, encoding: Encoding, context: Context) -> None:
    """Write a document: it is on disk already."""
    try:
        os.link(document.file.path, path)
    except OSError:  # another file system
        shutil.copyfile(document.file.path, path)


PDF = Format(
    name="pdf",
    title="PDF",
    media_types=("application/pdf", "application/x-pdf"),
    extensions=("pdf",),
    kind=Document,
    sniff=_sniff,
    open=_open,
    save=_save,
    transparent=False,
    order=500,
)

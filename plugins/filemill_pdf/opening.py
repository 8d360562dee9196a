"""Opens PDFs for page work and writes them: typed errors, limits, the same bytes each time.

pikepdf (qpdf) does page work; where it can't open a file, pypdf reads it and writes it anew.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf

from filemill import Context, Document, ErrorCode, File, FilemillError
from filemill_pdf.blame import FAILURES, is_files_fault
from filemill_pdf.repair import forbids_changes, rewritten

MOST_PAGES = 20_000
"""A document of more pages is refused: a page tree of a few bytes a page keeps a worker busy for minutes."""
_LEAST_ALLOWED_BYTES = 1 << 20
_LOST = (
    "bad_alloc",
    "error decoding stream data",
    "error while getting stream data",
    "has invalid /First entry",
    "in object stream header",
    "memory",
    "parse error while reading object",
    "unfilterable stream",
)
"""What qpdf warns of where it goes on with an object missing."""
_KEPT = ("re-processed without filtering", "write the damaged stream unchanged")
"""What qpdf warns of where it writes a stream that it can't decode as it stands in the file."""
_PLACE = re.compile(r"object stream \d+.*offset \d+|offset \d+\)|stream object \d+ \d+")


@contextmanager
def open_pdf(document: Document, context: Context) -> Iterator[pikepdf.Pdf]:
    """Open a document for page work, as a context: what malformed objects cause in it is the file's fault.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, locked, of too many pages, or forbids changes and the
            server honours that.
    """
    file = document.file
    with open_file(file, context, document.password) as pdf:
        if len(pdf.pages) != document.pages:
            raise FilemillError(
                ErrorCode.INVALID_FILE,
                f"{file.name!r} is broken: it says that it has {document.pages} pages and has {len(pdf.pages)}.",
            )
        with reading(file):
            yield pdf


@contextmanager
def reading(file: File) -> Iterator[None]:
    """Turn what malformed objects of a file cause into a typed error; defects of our own stay what they are."""
    try:
        yield
    except FAILURES as error:
        if not is_files_fault(error):
            raise
        raise _broken(file, error) from error


def open_file(file: File, context: Context, password: str | None = None, label: str = "") -> pikepdf.Pdf:
    """Open a file for page work; see `open_pdf`. The label says in errors which of many it is."""
    pdf = _opened(file, context, password, label)
    try:
        count = len(pdf.pages)
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise _broken(file, error, label) from None
    check_complete([pdf], file.name)
    check_pages(file, count)
    if context.limits.honour_restrictions and pdf.is_encrypted and not pdf.owner_password_matched:
        raise forbids_changes(file)
    return pdf


def check_pages(file: File, count: int) -> None:
    """Refuse a document without pages, and one of too many."""
    if count > MOST_PAGES:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} has {count} pages; {MOST_PAGES} are allowed.")
    if count == 0:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} has no pages.")


def _opened(file: File, context: Context, password: str | None, label: str) -> pikepdf.Pdf:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password that is not needed is no fault
            return pikepdf.Pdf.open(file.path, password=password or "")
    except pikepdf.PasswordError:
        wrong = "does not open with the password given" if password else "needs a password to open"
        raise FilemillError(ErrorCode.INVALID_FILE, f"{label}{file.name!r} is encrypted and {wrong}.") from None
    except (pikepdf.PdfError, RuntimeError, ValueError, OSError) as error:
        first = error
    path = context.path("pdf")
    try:
        rewritten(file, path, password, honour_restrictions=context.limits.honour_restrictions)
        return pikepdf.Pdf.open(path)
    except FilemillError as error:
        raise FilemillError(error.code, label + error.detail) from None
    except (pikepdf.PdfError, RuntimeError, ValueError, OSError):
        raise _broken(file, first, label) from None


def _broken(file: File, error: Exception, label: str = "") -> FilemillError:
    said = _reason(error) or type(error).__name__
    return FilemillError(ErrorCode.INVALID_FILE, f"{label}{file.name!r} can't be read as PDF: {said}.")


def save_pdf(
    pdf: pikepdf.Pdf,
    context: Context,
    name: str,
    sources: Iterable[pikepdf.Pdf] = (),
    *,
    recompress: bool = False,
    objects_apart: bool = False,
) -> Document:
    """Write a PDF to the working folder.

    Args:
        pdf: what is written; it and its sources stay open.
        context: gives the path and the limits.
        name: the document's name, with its extension.
        sources: PDFs that objects came from, whose warnings count as well.
        recompress: whether streams are decoded and compressed again; else they stay as they are.
        objects_apart: whether objects stand on their own, and not compressed in streams of objects.

    Raises:
        FilemillError: `INVALID_FILE` where an object could not be read, so that it would be missing.
    """
    path = context.path("pdf")
    modes, levels = pikepdf.ObjectStreamMode, pikepdf.StreamDecodeLevel
    try:
        pdf.save(
            path,
            object_stream_mode=modes.disable if objects_apart else modes.generate,
            stream_decode_level=levels.generalized if recompress else levels.none,
            recompress_flate=recompress,
            deterministic_id=True,
            fix_metadata_version=False,
        )
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r} can't be written: {error}.") from None
    check_complete([pdf, *sources], name)
    return made(path, name, len(pdf.pages), context)


def made(path: Path, name: str, pages: int, context: Context, password: str | None = None) -> Document:
    """Return the document that was written to a path."""
    file = File(path, name, "pdf", path.stat().st_size)
    return Document(file, pages, password=password, limits=context.limits)


def check_complete(pdfs: Iterable[pikepdf.Pdf], name: str) -> None:
    """Refuse a document in which an object is missing because memory ran out or a stream is broken.

    A stream that can't be decoded, but is written as it stands in the file, is not missing.
    """
    said = [str(warning) for pdf in pdfs for warning in pdf.get_warnings()]
    kept = {_place(warning) for warning in said if any(words in warning for words in _KEPT)}
    for warning in said:
        if any(words in warning for words in _LOST) and _place(warning) not in kept:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r}: an object can't be read: {_reason(warning)}.")


def _place(warning: str) -> str | None:
    found = _PLACE.search(warning)
    return found and found[0]


def _reason(error: object) -> str:
    """Return what a library says, without the path that it says it of."""
    return str(error).rpartition(": ")[2]


class Growth:
    """Bounds what an operation writes by what it was given.

    Args:
        context: holds the limits.
        given: bytes of all inputs.
    """

    def __init__(self, context: Context, given: int) -> None:
        self._most = context.limits.max_growth * max(given, _LEAST_ALLOWED_BYTES)
        self._factor = context.limits.max_growth
        self._written = 0

    def add(self, document: Document) -> Document:
        """Count a document.

        Raises:
            FilemillError: `INVALID_FILE` where all documents together are over the limit.
        """
        self._written += document.file.size
        if self._written > self._most:
            raise FilemillError(
                ErrorCode.INVALID_FILE,
                f"The parts would be more than {self._factor} times as large as the document"
                f" ({self._most} bytes): what all pages share is in every part.",
            )
        return document

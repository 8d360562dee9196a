"""Reads with pypdf what qpdf can't open, and writes it anew."""

from __future__ import annotations

from pathlib import Path

import pypdf
from pypdf.errors import PyPdfError

from filemill import ErrorCode, File, FilemillError


def rewritten(file: File, path: Path, password: str | None) -> None:
    """Write a broken PDF anew, as far as pypdf can read it, without encryption.

    Raises:
        FilemillError: `INVALID_FILE` where it can't.
    """
    try:
        reader = pypdf.PdfReader(file.path, password=password)
        writer = pypdf.PdfWriter(clone_from=reader)
        with path.open("wb") as stream:
            writer.write(stream)
    # pypdf lets what a malformed object causes through: AttributeError, TypeError, AssertionError, …
    except (PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, OSError,
            RecursionError, TypeError, ValueError, NotImplementedError) as error:  # fmt: skip
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} can't be read as PDF: {error}.") from None

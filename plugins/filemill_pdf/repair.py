"""Reads with pypdf what qpdf can't open, and writes it anew."""

from __future__ import annotations

from pathlib import Path

import pypdf
from pypdf.errors import PyPdfError

from filemill import ErrorCode, File, FilemillError
from filemill_pdf.blame import FAILURES, is_files_fault
from filemill_pdf.losses import losses


def rewritten(file: File, path: Path, password: str | None, *, honour_restrictions: bool) -> None:
    """Write a broken PDF anew, as far as pypdf can read it, without encryption.

    Raises:
        FilemillError: `INVALID_FILE` where it can't, an object would be missing, or it forbids changes and that
            is honoured.
    """
    try:
        with losses() as lost:
            reader = pypdf.PdfReader(file.path)
            if reader.is_encrypted:
                opened_by = reader.decrypt(password or "")
                if honour_restrictions and opened_by != pypdf.PasswordType.OWNER_PASSWORD:
                    raise forbids_changes(file)
            writer = pypdf.PdfWriter(clone_from=reader)
            with path.open("wb") as stream:
                writer.write(stream)
    except (PyPdfError, AssertionError, OSError, *FAILURES) as error:
        if not is_files_fault(error):
            raise
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} can't be read as PDF: {error}.") from None
    if lost:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r}: an object can't be read: {lost[0]}")


def forbids_changes(file: File) -> FilemillError:
    """Return the refusal of a document that only its owner may change."""
    return FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} forbids changes; the owner's password is needed.")

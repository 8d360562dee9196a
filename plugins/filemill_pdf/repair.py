"""Reads with pypdf what qpdf can't open, and writes it anew."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdf
from pypdf.errors import PyPdfError

from filemill import ErrorCode, File, FilemillError
from filemill_pdf.blame import FAILURES, is_files_fault

_LOST = ("may be missing", "ignoring the stream", "skipping the entry", "Limiting to", "Invalid stream")
"""What pypdf warns of where it goes on with an object missing."""


def rewritten(file: File, path: Path, password: str | None, *, honour_restrictions: bool) -> None:
    """Write a broken PDF anew, as far as pypdf can read it, without encryption.

    Raises:
        FilemillError: `INVALID_FILE` where it can't, an object would be missing, or it forbids changes and that
            is honoured.
    """
    try:
        with _warnings() as said:
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
    for warning in said:
        if any(words in warning for words in _LOST):
            raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r}: an object can't be read: {warning}")


def forbids_changes(file: File) -> FilemillError:
    """Return the refusal of a document that only its owner may change."""
    return FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} forbids changes; the owner's password is needed.")


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Gather what pypdf warns of."""
    said: list[str] = []
    handler = _Gatherer(said)
    logger = logging.getLogger(pypdf.__name__)
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


class _Gatherer(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())

"""Names of what operations on documents write."""

from __future__ import annotations

from pathlib import PurePosixPath


def pdf_name(name: str) -> str:
    """Return a file's name with the extension of a PDF."""
    return f"{PurePosixPath(name).stem or 'document'}.pdf"

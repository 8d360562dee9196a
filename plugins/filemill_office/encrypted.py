"""Files that a password protects: told before LibreOffice is asked, which would only say that it can't."""

from __future__ import annotations

from pathlib import Path

from filemill import Context, ErrorCode, File, FilemillError, Format
from filemill_office import compound_file, zip_directory

_MOST_MANIFEST = 1 << 20
_STREAM = "EncryptedPackage"


def is_encrypted_package(path: Path) -> bool:
    """Whether it is a file of Word, Excel or PowerPoint since 2007 with a password: of which, nobody can see."""
    return _STREAM in compound_file.root_names(path)


def check_readable(file: File) -> None:
    """Refuse a file that a password protects.

    Raises:
        FilemillError: `INVALID_FILE`.
    """
    manifest = zip_directory.content(file.path, "META-INF/manifest.xml", _MOST_MANIFEST)
    if b"encryption-data" in manifest or is_encrypted_package(file.path):
        raise FilemillError(
            ErrorCode.INVALID_FILE, f"{file.name!r} is protected by a password; save it without one and try again."
        )


def _open(file: File, context: Context) -> File:
    check_readable(file)
    return file


ENCRYPTED = Format(
    name="encrypted-office",
    title="password-protected Office",
    media_types=("application/vnd.ms-office",),
    extensions=("encrypted-office",),
    kind=File,
    sniff=lambda head: head.startswith(compound_file.MAGIC),
    look=is_encrypted_package,
    open=_open,
    order=100,
)

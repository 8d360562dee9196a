"""Archives opened."""

from __future__ import annotations

from filemill import Context, File
from filemill_archive.kind import Archive
from filemill_archive.reading import Reader


def opened(file: File, context: Context) -> Archive:
    """Open an archive: its first entry is read, no more.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, or its list of files is encrypted.
    """
    with Reader(file, context) as reader:
        next(reader.all(), None)
    return Archive(file)

"""Archives opened: what is known of them without unpacking."""

from __future__ import annotations

from filemill import Context, File
from filemill_archive.kind import Archive
from filemill_archive.layouts import LAYOUTS
from filemill_archive.reading import Reader


def opened(file: File, context: Context) -> Archive:
    """Open an archive: its headers are read where that is cheap, else its first one.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, its headers are encrypted, or they are too many.
    """
    apart = LAYOUTS[file.format].headers_apart
    unpacked = 0
    with Reader(file, context, headers_only=True) as reader:
        for entry in reader.all():
            unpacked += entry.size or 0
            if not apart:
                return Archive(file)
        return Archive(file, reader.growth.entries, unpacked)

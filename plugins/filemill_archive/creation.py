"""Archives made of files."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Context, File
from filemill.archive import distinct_files, split_name
from filemill_archive.entries import Entry
from filemill_archive.kind import Archive
from filemill_archive.names import cleaned
from filemill_archive.writing import Writer, blocks_of

_MADE = 315_532_800
"""The date of every file in it, the first that a ZIP can have: equal files give equal bytes."""


def created(files: Sequence[File], target: str, context: Context) -> Archive:
    """Put files into a new archive; equal names are numbered apart."""
    names = [split_name(cleaned(file.name)) for file in files]
    stems = distinct_files(names)
    with Writer(files[0].name, target, context) as writer:
        for number, (file, stem, (_, ending)) in enumerate(zip(files, stems, names, strict=True), 1):
            writer.add(Entry(path=stem + ending, size=file.size, modified=_MADE), blocks_of(file.path))
            context.progress(number, len(files))
    return writer.archive()

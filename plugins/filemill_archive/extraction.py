"""Files taken out of archives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from pathlib import Path, PurePosixPath

from filemill import Context, File, FilemillError
from filemill.archive import split_name
from filemill.errors import invalid
from filemill_archive.entries import Kind
from filemill_archive.formats import BINARY
from filemill_archive.kind import Archive
from filemill_archive.reading import Reader

_MOST_LETTERS = 200
"""Longest name of a result, letters."""


class Choosing:
    """Which files of an archive are meant.

    Args:
        include: patterns, one of which a file must fit; None: any does.
        exclude: patterns that no file may fit.
    """

    def __init__(self, include: Sequence[str] | None, exclude: Sequence[str]) -> None:
        self._include = None if include is None else [_pattern(text) for text in include]
        self._exclude = [_pattern(text) for text in exclude]

    def takes(self, path: str) -> bool:
        """Whether a file is meant."""
        if self._include is not None and not any(_fits(pattern, path) for pattern in self._include):
            return False
        return not any(_fits(pattern, path) for pattern in self._exclude)


def extracted(archive: Archive, choosing: Choosing, context: Context) -> list[File]:
    """Unpack the files that are meant, each under its own name without the folders it lies in.

    Raises:
        FilemillError: `INVALID_FILE` where the archive is broken, encrypted, too large, or has an entry that none
            should have; `INVALID_PARAMETER` where no file is meant, or too many are.
    """
    unpacked: dict[str, Path] = {}
    made: list[File] = []
    most = context.limits.max_outputs
    with Reader(archive.file, context) as reader:
        for entry in reader.entries():
            chosen = choosing.takes(entry.path)
            if entry.kind is Kind.FILE and (chosen or reader.hard_links):
                unpacked[entry.path] = context.path("part")
                reader.unpack(entry, unpacked[entry.path])
            elif entry.kind is Kind.HARD_LINK:
                unpacked[entry.path] = unpacked[entry.target]
            else:
                reader.pass_over(entry)
                continue
            if chosen:
                made.append(_file(unpacked[entry.path], entry.path, context))
            if len(made) > most:
                raise invalid("", f"More than {most} files of {archive.file.name!r} fit; 'include' chooses some.")
    if not made:
        raise invalid("", f"No file of {archive.file.name!r} fits.")
    return made


def _file(path: Path, name: str, context: Context) -> File:
    stem, ending = split_name(re.split(r"[/\\]", name)[-1])
    short = stem[: max(_MOST_LETTERS - len(ending), 1)] + ending[:_MOST_LETTERS]
    try:
        found = context.formats.sniff(path, short).format
    except FilemillError:  # empty, or of no known format
        found = BINARY.name
    return File(path, short, found, path.stat().st_size, named=True)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(translate(text.lower()))


def _fits(pattern: re.Pattern[str], path: str) -> bool:
    return pattern.match(path.lower()) is not None or pattern.match(PurePosixPath(path).name.lower()) is not None

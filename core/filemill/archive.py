"""ZIP files of results: what their members are called, and how they are written."""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

MEDIA_TYPE = "application/zip"
NAME = "files.zip"
"""The name of a ZIP that nobody gave another."""

_ZIP64_FROM = 1 << 31


def split_name(name: str) -> tuple[str, str]:
    """Split a file's name into its stem and its ending with the dot: `.tar.gz` and its like are one ending."""
    path = PurePosixPath(name)
    stem, ending = path.stem, path.suffix
    inner = PurePosixPath(stem)
    return (inner.stem, inner.suffix + ending) if ending and inner.suffix.lower() == ".tar" else (stem, ending)


def distinct(stems: Sequence[str]) -> list[str]:
    """Number equal names apart, in any case: results may come from files of the same name."""
    folded = Counter(stem.casefold() for stem in stems)
    taken = {stem for stem, times in folded.items() if times == 1}
    last: Counter[str] = Counter()
    names: list[str] = []
    for stem in stems:
        name, key = stem, stem.casefold()
        if folded[key] > 1:
            number = next(number for number in count(last[key] + 1) if f"{key}-{number}" not in taken)
            name, last[key] = f"{stem}-{number}", number
            taken.add(name.casefold())
        names.append(name)
    return names


def distinct_files(names: Sequence[tuple[str, str]]) -> list[str]:
    """Number equal stems apart where their endings are equal as well, and return the stems.

    Args:
        names: a stem and an ending of each.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, (_, ending) in enumerate(names):
        places[ending.casefold()].append(place)
    stems = [stem for stem, _ in names]
    for same in places.values():
        for place, stem in zip(same, distinct([stems[place] for place in same]), strict=True):
            stems[place] = stem
    return stems


def under(name: str, files: Sequence[str]) -> list[str]:
    """Give files a name together: the only one has it with its own ending, many are in a folder of that name.

    Without a name they keep their own.
    """
    if not name:
        return list(files)
    if len(files) == 1:
        return [name + split_name(files[0])[1]]
    return [f"{name}/{file}" for file in files]


def open_archive(path: Path) -> zipfile.ZipFile:
    """Begin a ZIP that stores its files: they are compressed already."""
    return zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)


def open_member(archive: zipfile.ZipFile, name: str, size: int) -> IO[bytes]:
    """Begin a file of known size in a ZIP. Its date is always the same: equal files must give equal bytes."""
    return archive.open(zipfile.ZipInfo(name), "w", force_zip64=size >= _ZIP64_FROM)

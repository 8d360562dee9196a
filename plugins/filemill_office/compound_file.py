"""OLE compound files (doc, xls, ppt before 2007, and encrypted ones since): the names at their root, within bounds."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_MOST_SECTORS = 256
"""Of the directory that are read: 1 MiB of the usual 4096 entries at the most."""
_ENTRY_BYTES = 128
_HEADER_CHAINS = 109
_END = 0xFFFFFFFA
"""From here on numbers of sectors mean something else."""


def root_names(path: Path) -> frozenset[str]:
    """Return the names of what stands at the root of a compound file; none where it is broken or no such file."""
    try:
        with path.open("rb") as stream:
            return frozenset(_root(_directory(stream)))
    except (OSError, struct.error, IndexError):
        return frozenset()


def _directory(stream: BinaryIO) -> bytes:
    header = stream.read(512)
    if not header.startswith(MAGIC):
        return b""
    shift, sector = struct.unpack_from("<H", header, 30)[0], struct.unpack_from("<I", header, 48)[0]
    if shift not in (9, 12):
        return b""
    size = 1 << shift
    tables = struct.unpack_from(f"<{_HEADER_CHAINS}I", header, 76)
    directory = b""
    for _ in range(_MOST_SECTORS):
        if sector >= _END:
            break
        directory += _sector(stream, sector, size)
        table, place = divmod(sector, size // 4)
        if table >= _HEADER_CHAINS or tables[table] >= _END:
            break
        (sector,) = struct.unpack_from("<I", _sector(stream, tables[table], size), place * 4)
    return directory


def _sector(stream: BinaryIO, number: int, size: int) -> bytes:
    stream.seek((number + 1) * size)
    return stream.read(size)


def _root(directory: bytes) -> list[str]:
    """Return the names of the root's own children: a tree, of which other storages have trees of their own."""
    names = []
    seen: set[int] = set()
    waiting = [struct.unpack_from("<I", directory, 76)[0]] if directory else []
    while waiting:
        number = waiting.pop()
        if number in seen or (number + 1) * _ENTRY_BYTES > len(directory):
            continue
        seen.add(number)
        entry = directory[number * _ENTRY_BYTES : (number + 1) * _ENTRY_BYTES]
        (length,) = struct.unpack_from("<H", entry, 64)
        names.append(entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"))
        waiting += struct.unpack_from("<II", entry, 68)
    return names

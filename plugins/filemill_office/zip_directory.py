"""The directory at the end of a ZIP file: names and declared sizes, read within bounds and without unpacking."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

MAGIC = b"PK\x03\x04"

_MOST_BYTES = 4 << 20
"""Of a directory; an office file of many hundred pictures has a tenth of it."""
_END_BYTES = 22
_MOST_COMMENT = 0xFFFF
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8


class Member(Struct, frozen=True):
    """A file in the archive: its name, its method, its bytes packed and, as declared, unpacked, and where it begins."""

    name: str
    method: int
    packed: int
    size: int
    offset: int


def members(path: Path) -> list[Member]:
    """Return the files in a ZIP; none where it is broken, has more than it should, or is no ZIP."""
    try:
        with path.open("rb") as stream:
            return _listed(_directory(stream))
    except (OSError, struct.error):
        return []


def names(path: Path, needed: frozenset[str]) -> frozenset[str]:
    """Return the names of the files in a ZIP; none where one that is needed is not among them."""
    try:
        with path.open("rb") as stream:
            directory = _directory(stream)
            if not all(name.encode() in directory for name in needed):
                return frozenset()  # most archives, without reading a hundred thousand names
            return frozenset(member.name for member in _listed(directory))
    except (OSError, struct.error):
        return frozenset()


def first(head: bytes, name: bytes) -> bytes:
    """Return the content of the first file in a ZIP, which has to be of this name and stored, from its beginning."""
    try:
        magic, _, _, method, *_, size, named, extra = _LOCAL.unpack_from(head)
    except struct.error:
        return b""
    begin = _LOCAL.size + named + extra
    right = magic == MAGIC and method == _STORED and head[_LOCAL.size : _LOCAL.size + named] == name
    return head[begin : begin + size] if right else b""


def content(path: Path, name: str, most: int) -> bytes:
    """Return the beginning of a file in a ZIP, at most so many bytes; nothing where it can't be read."""
    member = next((found for found in members(path) if found.name == name), None)
    if member is None or member.method not in (_STORED, _DEFLATED):
        return b""
    try:
        with path.open("rb") as stream:
            stream.seek(member.offset)
            *_, name_bytes, extra_bytes = _LOCAL.unpack(stream.read(_LOCAL.size))
            stream.seek(name_bytes + extra_bytes, 1)
            packed = stream.read(min(member.packed, most))
        return packed if member.method == _STORED else zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
    except (OSError, struct.error, zlib.error):
        return b""


def _directory(stream: BinaryIO) -> bytes:
    end = stream.seek(0, 2)
    stream.seek(max(0, end - _END_BYTES - _MOST_COMMENT))
    tail = stream.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        return b""
    *_, size, offset, _ = _END.unpack_from(tail, place)
    if size > _MOST_BYTES:
        return b""
    stream.seek(offset)
    return stream.read(size)


def _listed(directory: bytes) -> list[Member]:
    found, place = [], 0
    while place < len(directory):
        magic, _, _, _, method, _, _, _, packed, size, named, extra, comment, *_, offset = _ENTRY.unpack_from(
            directory, place
        )
        if magic != b"PK\x01\x02":
            return []
        place += _ENTRY.size
        found.append(Member(directory[place : place + named].decode("utf-8", "replace"), method, packed, size, offset))
        place += named + extra + comment
    return found

"""Changes within what has checksums or is packed: the bytes outside would only be refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

_PNG_START = 8
_MOST_MEMBER = 1 << 20
_NOT_READ = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, ValueError, LookupError, RuntimeError, EOFError)

Change = Callable[[bytes, bytes], bytes]
"""Changes bytes, with others at hand."""


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same each time


class _Packing(NamedTuple):
    unpack: Callable[[bytes], bytes]
    pack: Callable[[bytes], bytes]


_PACKINGS = {
    b"\x1f\x8b": _Packing(lambda data: zlib.decompressobj(wbits=31).decompress(data, _MOST_MEMBER), _gzipped),
    b"BZh": _Packing(lambda data: bz2.BZ2Decompressor().decompress(data, _MOST_MEMBER), bz2.compress),
    b"\xfd7zXZ": _Packing(lambda data: lzma.LZMADecompressor().decompress(data, _MOST_MEMBER), lzma.compress),
}


def changed(chance: random.Random, data: bytes, other: bytes, change: Change) -> bytes:
    """Change a file: as often as not what is within it, where that is known of its format."""
    if chance.random() < 0.5:
        return change(data, other)
    if data.startswith(b"PK\x03\x04"):
        return _within_zip(chance, data, other, change)
    for magic, packing in _PACKINGS.items():
        if data.startswith(magic):
            return _within(packing, data, other, change)
    if data.startswith(b"\x89PNG"):
        return _with_checksums(change(data, other))
    return change(data, other)


def _within_zip(chance: random.Random, data: bytes, other: bytes, change: Change) -> bytes:
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w") as made:
            entries = source.infolist()
            chosen = chance.choice(entries)
            for entry in entries:
                content = source.read(entry) if entry.file_size <= _MOST_MEMBER else b""
                made.writestr(entry, change(content, content) if entry is chosen else content)
    except _NOT_READ:
        return change(data, other)
    return packed.getvalue()


def _within(packing: _Packing, data: bytes, other: bytes, change: Change) -> bytes:
    try:
        inner = packing.unpack(data)
    except _NOT_READ:
        return change(data, other)
    return packing.pack(change(inner, inner))


def _with_checksums(data: bytes) -> bytes:
    """Give the chunks of a PNG the checksums that they ought to have."""
    work, at = bytearray(data), _PNG_START
    while at + 12 <= len(work):
        size = int.from_bytes(work[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(work):
            break
        work[end : end + 4] = zlib.crc32(work[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(work)

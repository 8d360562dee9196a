"""How archives are told by their content, without libarchive: this is asked in the web process as well."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

_BLOCK = 512
_CHECKSUM = slice(148, 156)
_READ_BYTES = 1 << 20
"""How much is read of a compressed file for the first block of what is in it: bzip2 gives nothing before 900 kB."""
_XZ_MEMORY = 128 << 20
_EMPTY_BYTES = 64 << 10
"""An archive without files is blocks of zeros, no more than these."""


def is_zip(head: bytes) -> bool:
    """Whether a file begins as a ZIP does, or as one without files."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_seven_zip(head: bytes) -> bool:
    """Whether a file begins as a 7z does."""
    return head.startswith(b"7z\xbc\xaf\x27\x1c")


def may_be_tar(head: bytes) -> bool:
    """Whether a file begins with a header of tar, or with zeros."""
    return is_header(head) or (len(head) >= 2 * _BLOCK and not any(head))


def is_tar(path: Path) -> bool:
    """Whether a file that begins so is a tar: one of zeros is, where it is as small as those without files are."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        data = stream.read(_EMPTY_BYTES)
    return is_header(data) or (size <= _EMPTY_BYTES and size % _BLOCK == 0 and not any(data))


def is_header(block: bytes) -> bool:
    """Whether a block is a header of tar: the sum of its bytes stands in it."""
    if len(block) < _BLOCK or block[0] == 0:
        return False
    try:
        told = int(block[_CHECKSUM].strip(b" \0"), 8)
    except ValueError:
        return False
    return told == sum(block[:148]) + 8 * ord(" ") + sum(block[156:_BLOCK])


def holds_tar(unpack: Callable[[bytes], bytes]) -> Callable[[Path], bool]:
    """Return what looks whether a compressed file holds a tar.

    Args:
        unpack: gives at least the first blocks of what is in the beginning of a compressed file.
    """

    def look(path: Path) -> bool:
        with path.open("rb") as stream:
            beginning = stream.read(_READ_BYTES)
        try:
            first = unpack(beginning)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError):
            return False
        return is_header(first) or (len(first) >= 2 * _BLOCK and not any(first))

    return look


def gzip(data: bytes) -> bytes:
    """Unpack the beginning of gzip."""
    return zlib.decompressobj(wbits=31).decompress(data, 2 * _BLOCK)


def xz(data: bytes) -> bytes:
    """Unpack the beginning of xz."""
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY).decompress(data, 2 * _BLOCK)


def bzip2(data: bytes) -> bytes:
    """Unpack the beginning of bzip2."""
    return bz2.BZ2Decompressor().decompress(data, 2 * _BLOCK)

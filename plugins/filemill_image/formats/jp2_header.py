"""The header of a JPEG 2000 file: its boxes (ISO/IEC 15444-1, annex I) and its codestream (annex A)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from filemill_image.formats.brands import boxes

CODESTREAM = b"\xff\x4f\xff\x51"
BOXES = b"\0\0\0\x0cjP  \r\n\x87\n"

_SIZ = struct.Struct(">4xHHIIIIIIIIHB")
"""From the start of a codestream: size and grid of the picture and its tiles, components, bits of the first."""
_COD, _SOT, _EOC = 0x52, 0x90, b"\xff\xd9"
_TAIL_BYTES = 1024
"""How far before the end of a file its codestream may end: some programs add bytes of their own."""
_MARKERS = 100
_LONGEST_PROFILE = 16 << 20
_ENUMERATED, _PROFILES = b"\1", (b"\2", b"\3")
"""Ways to tell a colour space."""


class Jp2Header(NamedTuple):
    """What is known of a picture before it is decoded.

    Fields:
        width, height: pixels.
        components: bands as they are coded.
        bits: of a sample of the first component.
        levels: how many times it can be halved while it is decoded.
        space: the number of its colour space; None where none is told.
        profile: its ICC profile.
        palette: whether its samples are places in a palette.
    """

    width: int
    height: int
    components: int
    bits: int
    levels: int
    space: int | None = None
    profile: bytes | None = None
    palette: bool = False


def read_header(path: Path) -> Jp2Header:
    """Read the header.

    Raises:
        ValueError: it is cut short, or its parts contradict each other.
    """
    with path.open("rb") as stream:
        if stream.read(4) == CODESTREAM:
            return _codestream(path, 0, path.stat().st_size)
    told: dict[bytes, bytes] = {}
    for kind, start, end in boxes(path):
        if kind == b"jp2h":
            for inner, at, stop in boxes(path, start, end):
                if inner != b"colr" or b"colr" not in told:  # the first is the best (I.5.3.3)
                    told[inner] = _content(path, at, min(stop, at + _LONGEST_PROFILE))
        elif kind == b"jp2c":
            header = _codestream(path, start, end)
            if told.get(b"ihdr", b"")[:8] != struct.pack(">II", header.height, header.width):
                raise ValueError("its header and its codestream do not agree on the size")
            colour = told.get(b"colr", b"")
            return header._replace(space=_space(colour), profile=_profile(colour), palette=b"pclr" in told)
    raise ValueError("it has no codestream")


def _content(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(max(end - start, 0))


def _space(colour: bytes) -> int | None:
    return int.from_bytes(colour[3:7], "big") if colour[:1] == _ENUMERATED and len(colour) >= 7 else None


def _profile(colour: bytes) -> bytes | None:
    return colour[3:] if colour[:1] in _PROFILES else None


def _codestream(path: Path, start: int, end: int) -> Jp2Header:
    size = path.stat().st_size
    if end > size or _EOC not in _content(path, max(start, end - _TAIL_BYTES), end):
        raise ValueError("its codestream has no end")
    with path.open("rb") as stream:
        stream.seek(start)
        head = stream.read(_SIZ.size)
        if len(head) < _SIZ.size or not head.startswith(CODESTREAM):
            raise ValueError("its codestream has no size")
        length, _, right, bottom, left, top, *_, components, depth = _SIZ.unpack(head)
        if right < left or bottom < top:
            raise ValueError("its picture ends before it begins")
        stream.seek(start + 4 + length)
        return Jp2Header(right - left, bottom - top, components, (depth & 0x7F) + 1, _levels(stream.read(1 << 16)))


def _levels(markers: bytes) -> int:
    """Return the number of halvings that the main header promises."""
    at = 0
    for _ in range(_MARKERS):
        if len(markers) < at + 10 or markers[at + 1] == _SOT:
            break
        if markers[at + 1] == _COD:
            return markers[at + 9]
        at += 2 + int.from_bytes(markers[at + 2 : at + 4], "big")
    return 0

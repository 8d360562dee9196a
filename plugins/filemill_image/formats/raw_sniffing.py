"""Camera RAW among files that begin as TIFF does: by the kind of pixels that its directories tell of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filemill_image.formats.brands import brands_of

TIFF_HEADS = (b"II*\0", b"MM\0*")
_OWN_HEADS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW ")
"""Of Olympus, Panasonic and Fujifilm."""
_CANON_BRAND = b"crx "

_PHOTOMETRIC, _CHILDREN, _DNG_VERSION = 262, 330, 50706
_MOSAIC, _LINEAR = 32803, 34892
"""Pixels of one colour each under a filter, and of three that no camera has worked on."""
_MOST_DIRECTORIES, _MOST_ENTRIES, _MOST_CHILDREN = 16, 512, 8
_BYTES = {3: 2, 4: 4, 13: 4}
"""Of the types of numbers that are read here."""


def may_be_raw(head: bytes) -> bool:
    """Whether a file that starts so is RAW, or a TIFF, which may be one."""
    return head.startswith((*TIFF_HEADS, *_OWN_HEADS)) or _CANON_BRAND in brands_of(head)[:1]


def is_raw(path: Path) -> bool:
    """Whether a file that may be RAW is: by its name for itself, or by what one of its directories says."""
    with path.open("rb") as stream:
        head = stream.read(8)
        if not head.startswith(TIFF_HEADS):
            return True
        try:
            return any(
                _DNG_VERSION in tags or tags.get(_PHOTOMETRIC, [0])[0] in (_MOSAIC, _LINEAR)
                for tags in _directories(stream, "<" if head.startswith(b"II") else ">", head)
            )
        except struct.error:  # cut short
            return False


def _directories(stream: BinaryIO, order: str, head: bytes) -> Iterator[dict[int, list[int]]]:
    """Give the numbers of each directory by their tag: of the main ones, and of those below them."""
    waiting = [struct.unpack(f"{order}L", head[4:])[0]]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or at == 0:
            continue
        seen.add(at)
        tags, following = _directory(stream, order, at)
        waiting += [following, *tags.get(_CHILDREN, [])]
        yield tags


def _directory(stream: BinaryIO, order: str, at: int) -> tuple[dict[int, list[int]], int]:
    stream.seek(at)
    (count,) = struct.unpack(f"{order}H", stream.read(2))
    entries = stream.read(12 * min(count, _MOST_ENTRIES))
    (following,) = struct.unpack(f"{order}L", stream.read(4)) if count <= _MOST_ENTRIES else (0,)
    tags: dict[int, list[int]] = {}
    for tag, form, number, value in struct.iter_unpack(f"{order}HHL4s", entries):
        if tag == _DNG_VERSION:
            tags[tag] = [1]
        elif tag in (_PHOTOMETRIC, _CHILDREN) and form in _BYTES and number:
            tags[tag] = _numbers(stream, order, form, min(number, _MOST_CHILDREN), value)
    return tags, following


def _numbers(stream: BinaryIO, order: str, form: int, count: int, value: bytes) -> list[int]:
    """Return an entry's numbers, which stand in it where they have room."""
    size = _BYTES[form]
    if size * count > len(value):
        stream.seek(struct.unpack(f"{order}L", value)[0])
        value = stream.read(size * count)
    return list(struct.unpack(f"{order}{count}{'H' if size == 2 else 'L'}", value[: size * count]))

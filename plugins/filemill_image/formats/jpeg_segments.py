"""The segments of a JPEG file (ISO/IEC 10918-1, annex B)."""

from __future__ import annotations

from collections.abc import Iterator

SOI, SOS, EOI = 0xD8, 0xDA, 0xD9
_STANDALONE = frozenset(range(0xD0, 0xD8)) | {0x01}


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Give marker, start and end of each segment up to the end of the picture; a scan holds its coded bytes.

    The last one is `EOI`, unless the file is cut short. Fill bytes between segments are passed over.
    """
    yield SOI, 0, 2
    at = 2
    while at + 2 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0x00, 0xFF):
            at += 1
        elif marker == EOI:
            yield EOI, at, at + 2
            return
        elif marker in _STANDALONE:
            at += 2
        else:
            end = at + 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
            if marker == SOS:
                end = _scan_end(data, end)
            yield marker, at, min(end, len(data))
            at = end


def is_whole(data: bytes) -> bool:
    """Whether the picture has its end. libvips misses a cut in the last rows where it reduces by 4 or 8."""
    return any(marker == EOI for marker, _, _ in segments(data))


def _scan_end(data: bytes, at: int) -> int:
    """Return where the entropy-coded bytes that start at a place end: at the next marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        following = data[at + 1]
        if following not in (0x00, 0xFF) and following not in _STANDALONE:
            return at
        at += 1 if following == 0xFF else 2

"""Stripping: metadata taken out of files without encoding them again.

Kept is what the pixels need: colour profile, gamma, transparency, animation, density. What a file has after
its end (a second picture of a phone's camera, which has metadata of its own) goes as well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from filemill_image.formats.jpeg_segments import segments

_PNG_SIGNATURE = 8
_PNG_DROPPED = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})
_WEBP_DROPPED = {b"EXIF": 0x08, b"XMP ": 0x04}
"""Chunks of a WebP that go, with their flag in `VP8X`."""

_COMMENT = 0xFE
_APP0, _APP2, _APP14, _APP15 = 0xE0, 0xE2, 0xEE, 0xEF


def stripped_jpeg(data: bytes) -> bytes:
    """Return a JPEG file with no application segments but JFIF, the ICC profile and Adobe's colour transform."""
    parts = [data[start:end] for marker, start, end in segments(data) if _stays(marker, data[start + 4 : start + 20])]
    return b"".join(parts)


def _stays(marker: int, start: bytes) -> bool:
    if marker == _COMMENT:
        return False
    if not _APP0 <= marker <= _APP15:
        return True
    return (
        (marker == _APP0 and start.startswith(b"JFIF\0"))
        or (marker == _APP2 and start.startswith(b"ICC_PROFILE\0"))
        or (marker == _APP14 and start.startswith(b"Adobe"))
    )


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the signature (of kind `b""`) and then each chunk of a PNG file, up to its end, with its kind."""
    yield b"", data[:_PNG_SIGNATURE]
    at = _PNG_SIGNATURE
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end


def stripped_png(data: bytes) -> bytes:
    """Return a PNG file without text, EXIF and time."""
    return b"".join(chunk for kind, chunk in png_chunks(data) if kind not in _PNG_DROPPED)


def stripped_webp(data: bytes) -> bytes:
    """Return a WebP file without EXIF and XMP."""
    parts = []
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    at = 12
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        kind, chunk = data[at : at + 4], data[at : at + 8 + size + size % 2]
        if kind == b"VP8X":
            flags = chunk[8] & ~sum(_WEBP_DROPPED.values())
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if kind not in _WEBP_DROPPED:
            parts.append(chunk)
        at += len(chunk)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": stripped_jpeg,
    "png": stripped_png,
    "webp": stripped_webp,
}
"""What strips a file, by format name."""

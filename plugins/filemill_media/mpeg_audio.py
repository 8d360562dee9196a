"""Frames of MPEG audio: tells MP3 and ADTS from anything else that happens to have their sync word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_LOOKED_AT = 64 << 10
"""Bytes in which frames are looked for."""
_FRAMES = 3
"""Headers that have to follow each other, each where the one before says; fewer where the file ends."""
_MOST_TAGS = 4
_ID3_HEADER = 10

_V1, _V2, _V25 = 3, 2, 0
_RATES = {_V1: (44100, 48000, 32000), _V2: (22050, 24000, 16000), _V25: (11025, 12000, 8000)}
_KBITS_V1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_ADTS_RATES = 13
_ADTS_HEADER = 7

Frame = tuple[int, tuple[int, ...]]
"""Bytes of a frame, and what does not change from one to the next."""


def starts_like_audio(head: bytes) -> bool:
    """Whether a file starts with a tag ID3 or the sync word of a frame."""
    return head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def is_mp3(path: Path) -> bool:
    """Whether a file is frames of MPEG audio layer III, after tags ID3 or from its beginning."""
    return _is_frames(path, mp3_frame)


def is_adts(path: Path) -> bool:
    """Whether a file is frames of AAC with ADTS headers."""
    return _is_frames(path, adts_frame)


def has_flac(path: Path) -> bool:
    """Whether a file is FLAC, maybe after tags ID3."""
    with path.open("rb") as stream:
        return _after_tags(stream)[:4] == b"fLaC"


def mp3_frame(data: bytes) -> Frame | None:
    """Read the header of a frame of layer III (ISO/IEC 11172-3, 2.4.1.3); None for what is none."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:  # sync, and layer III
        return None
    version = data[1] >> 3 & 3
    rate, kbits = data[2] >> 2 & 3, data[2] >> 4
    if version not in _RATES or rate == 3 or kbits in (0, 15) or data[3] & 3 == 2:
        return None
    bits = (_KBITS_V1 if version == _V1 else _KBITS_V2)[kbits - 1] * 1000
    hertz = _RATES[version][rate]
    return (144 if version == _V1 else 72) * bits // hertz + (data[2] >> 1 & 1), (version, rate)


def adts_frame(data: bytes) -> Frame | None:
    """Read an ADTS header (ISO/IEC 13818-7, 6.2); None for what is none."""
    if len(data) < _ADTS_HEADER or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:  # sync, and layer 0
        return None
    rate = data[2] >> 2 & 15
    size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    if rate >= _ADTS_RATES or size <= _ADTS_HEADER:
        return None
    return size, (data[1], data[2] & 0xFC, data[3] & 0xC0)


def _is_frames(path: Path, read: Callable[[bytes], Frame | None]) -> bool:
    with path.open("rb") as stream:
        data = _after_tags(stream).lstrip(b"\0")  # tags may be followed by padding
    whole = len(data) < _LOOKED_AT
    at, found, before = 0, 0, None
    while found < _FRAMES and at < len(data):
        frame = read(data[at : at + _ADTS_HEADER])
        if frame is None or (before is not None and frame[1] != before):
            return found > 1 and whole and data[at : at + 3] in (b"TAG", b"APE")  # tags that stand at the end
        at, before, found = at + frame[0], frame[1], found + 1
    return found > 1


def _after_tags(stream: BinaryIO) -> bytes:
    """Return what follows the tags ID3v2 at the beginning."""
    for _ in range(_MOST_TAGS):
        head = stream.read(_ID3_HEADER)
        if head[:3] != b"ID3" or len(head) < _ID3_HEADER or max(head[6:]) > 0x7F:
            stream.seek(-len(head), 1)
            break
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        stream.seek(size + (_ID3_HEADER if head[5] & 0x10 else 0), 1)
    return stream.read(_LOOKED_AT)

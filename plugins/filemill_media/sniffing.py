"""Tells containers by the beginning of a file."""

from __future__ import annotations

import re
from collections.abc import Callable

_MP4_BRANDS = re.compile(
    rb"iso[m2-9a-c]|mp4[12]|mp71|avc1|M4V[ HP]|mmp4|dash|MSNV|[fF]4v |[fF]4V |3g[2ep][a-z0-9]|XAVC|NDX[CHMPSX]|cmf[c2]"
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_MOV_BRAND = b"qt  "
_OLD_MOV_BOXES = (b"moov", b"mdat", b"wide")
"""Boxes that a QuickTime file of the time before `ftyp` starts with."""
_EBML = re.compile(rb"\x1aE\xdf\xa3.{0,64}?B\x82(?:[\x80-\xff]|@.|\x01.{7})(matroska|webm)", re.DOTALL)
_OGG_SEGMENTS = 26


def brand(head: bytes) -> bytes:
    """Return the major brand of an ISO base media file; b"": it is none."""
    return head[8:12] if head[4:8] == b"ftyp" else b""


def is_mp4(head: bytes) -> bool:
    """Whether the major brand is one of video; those of pictures and of sound are not."""
    return _MP4_BRANDS.fullmatch(brand(head)) is not None


def is_m4a(head: bytes) -> bool:
    """Whether the major brand is one of sound."""
    return brand(head) in _AUDIO_BRANDS


def is_mov(head: bytes) -> bool:
    """Whether it is QuickTime, by its brand or, where it has none, by its first box: no text has zeros in it."""
    return brand(head) == _MOV_BRAND or (head[4:8] in _OLD_MOV_BOXES and b"\0" in head[:4] + head[8:64])


def is_ebml(kind: bytes) -> Callable[[bytes], bool]:
    """Make the test for EBML with a `DocType`."""

    def sniff(head: bytes) -> bool:
        found = _EBML.match(head)
        return found is not None and found[1] == kind

    return sniff


def is_riff(kind: bytes) -> Callable[[bytes], bool]:
    """Make the test for RIFF of a kind; RF64 is RIFF of more than 4 GiB."""

    def sniff(head: bytes) -> bool:
        return head[:4] in (b"RIFF", b"RF64") and head[8:12] == kind

    return sniff


def is_ogg(*starts: bytes) -> Callable[[bytes], bool]:
    """Make the test for Ogg whose first packet starts so."""

    def sniff(head: bytes) -> bool:
        if head[:4] != b"OggS" or len(head) <= _OGG_SEGMENTS:
            return False
        packet = head[_OGG_SEGMENTS + 1 + head[_OGG_SEGMENTS] :]
        return packet.startswith(starts)

    return sniff

"""The header of a JPEG XL file (ISO/IEC 18181-1 and -2): libjxl's binding tells nothing before it has decoded all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from filemill_image.formats.brands import boxes
from filemill_image.formats.raw_sniffing import TIFF_HEADS

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
EXIF_START = b"\0\0\0\0"
"""What stands before EXIF in its box: how far after it that begins."""

_HEADER_BYTES = 4096
"""How much of a codestream is read for its header: more than any has that names its extra channels in short."""
_LONGEST_EXIF = 1 << 20
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_ALPHA, _SPOT, _BLACK, _CFA = 0, 2, 4, 5
"""Kinds of extra channels."""
_GREY = 1
"""A kind of colour space."""
_TURNS = 5
"""From this orientation on, width and height change places."""

_SIZES = ((9, 1), (13, 1), (18, 1), (30, 1))
_COUNTS = ((0, 0), (0, 1), (4, 2), (12, 1))
_KINDS = ((0, 0), (0, 1), (4, 2), (6, 18))
_INTEGER_DEPTHS = ((0, 8), (0, 10), (0, 12), (6, 1))
_FLOAT_DEPTHS = ((0, 32), (0, 16), (0, 24), (6, 1))
_SHIFTS = ((0, 0), (0, 3), (0, 4), (3, 1))
_NAMES = ((0, 0), (4, 0), (5, 16), (10, 48))
_CFA_INDEXES = ((0, 1), (2, 0), (4, 3), (8, 19))
_TICKS = ((0, 100), (0, 1000), (10, 1), (30, 1))
_TICK_PARTS = ((0, 1), (0, 1001), (8, 1), (10, 1))
_LOOPS = ((0, 0), (3, 0), (16, 0), (32, 0))


class JxlHeader(NamedTuple):
    """What is known of a picture before it is decoded.

    Fields:
        width, height: pixels, upright.
        orientation: how the pixels lie, as EXIF counts; libjxl turns them.
        bits: of a sample.
        grey: whether there is one band of colour.
        alpha: whether there is transparency.
        black: whether there is a fourth ink: its colours are CMYK.
        animated: whether there may be more than one frame.
    """

    width: int
    height: int
    orientation: int
    bits: int = 8
    grey: bool = False
    alpha: bool = False
    black: bool = False
    animated: bool = False


def read_header(path: Path) -> JxlHeader:
    """Read the header.

    Raises:
        ValueError: there is none, or it is cut short.
    """
    start = _codestream(path)
    if not start.startswith(CODESTREAM):
        raise ValueError("it has no codestream")
    bits = _Bits(start[len(CODESTREAM) :])
    width, height = _size(bits)
    if bits.read(1):  # everything as usual
        return JxlHeader(width, height, orientation=1)
    orientation, animated = 1, False
    if bits.read(1):
        orientation, animated = 1 + bits.read(3), _extras(bits)
    depth = _depth(bits)
    bits.read(1)
    kinds = {_channel(bits) for _ in range(bits.choose(_COUNTS))}
    if orientation >= _TURNS:
        width, height = height, width
    return JxlHeader(width, height, orientation, depth, _grey(bits), _ALPHA in kinds, _BLACK in kinds, animated)


def exif_of(path: Path) -> bytes | None:
    """Return the EXIF of a container, where it has any that is not compressed."""
    with path.open("rb") as stream:
        if stream.read(len(CONTAINER)) != CONTAINER:
            return None
        for kind, start, end in boxes(path):
            if kind == b"Exif":
                stream.seek(start)
                content = stream.read(min(end - start, _LONGEST_EXIF))
                if content.startswith(TIFF_HEADS):  # some programs leave the offset out
                    return content
                return content[len(EXIF_START) + int.from_bytes(content[: len(EXIF_START)], "big") :]
    return None


def _codestream(path: Path) -> bytes:
    """Return the beginning of the codestream, out of its boxes where it is in any."""
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
        if not head.startswith(CONTAINER):
            return head
        found = b""
        for kind, at, end in boxes(path):
            if kind not in (b"jxlc", b"jxlp"):
                continue
            start = at + 4 if kind == b"jxlp" else at  # each part is numbered
            stream.seek(start)
            found += stream.read(min(max(end - start, 0), _HEADER_BYTES))
            if kind == b"jxlc" or len(found) >= _HEADER_BYTES:
                break
    return found


class _Bits:
    """Bits of a codestream, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        if count > self._left:
            raise ValueError("its header is cut short")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def choose(self, of: tuple[tuple[int, int], ...]) -> int:
        """Read a number that is written in one of four ways: so many bits, and what is added to them."""
        count, added = of[self.read(2)]
        return self.read(count) + added


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.read(1)
    height = 8 * (bits.read(5) + 1) if small else bits.choose(_SIZES)
    ratio = bits.read(3)
    if ratio:
        across, down = _RATIOS[ratio]
        return height * across // down, height
    return 8 * (bits.read(5) + 1) if small else bits.choose(_SIZES), height


def _extras(bits: _Bits) -> bool:
    """Pass over the intrinsic size; tell whether there is an animation."""
    if bits.read(1):
        _size(bits)
    if bits.read(1):
        raise ValueError("it has a preview, which is not read here")
    if not bits.read(1):
        return False
    for numbers in (_TICKS, _TICK_PARTS, _LOOPS):
        bits.choose(numbers)
    bits.read(1)
    return True


def _depth(bits: _Bits) -> int:
    if not bits.read(1):
        return bits.choose(_INTEGER_DEPTHS)
    depth = bits.choose(_FLOAT_DEPTHS)
    bits.read(4)
    return depth


def _grey(bits: _Bits) -> bool:
    bits.read(1)
    if bits.read(1):  # sRGB, as usual
        return False
    bits.read(1)
    return bits.choose(_KINDS) == _GREY


def _channel(bits: _Bits) -> int:
    """Return the kind of an extra channel."""
    if bits.read(1):
        return _ALPHA
    kind = bits.choose(_KINDS)
    _depth(bits)
    bits.choose(_SHIFTS)
    for _ in range(bits.choose(_NAMES)):
        bits.read(8)
    if kind == _ALPHA:
        bits.read(1)
    elif kind == _SPOT:
        bits.read(64)
    elif kind == _CFA:
        bits.choose(_CFA_INDEXES)
    return kind

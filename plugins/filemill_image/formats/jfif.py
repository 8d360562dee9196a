"""The JFIF header of a JPEG, which libvips leaves out where it writes no metadata."""

from __future__ import annotations

import struct

import pyvips

from filemill_image.formats.header_facts import MILLIMETRES_PER_INCH

_SOI = b"\xff\xd8"
_APP0, _APP1 = b"\xff\xe0", b"\xff\xe1"
_NO_DENSITY = 1.0
"""Pixels a millimetre that libvips gives an image whose file has no density."""


def jfif(across: int = 0, down: int = 0) -> bytes:
    """Return the start of a JPEG file: its first marker and a JFIF 1.02 header, with a density in pixels an inch."""
    unit = 1 if across else 0
    header = struct.pack(">H5sHBHHBB", 16, b"JFIF\0", 0x0102, unit, across or 1, down or 1, 0, 0)
    return _SOI + _APP0 + header


def with_jfif(data: bytes, image: pyvips.Image) -> bytes:
    """Put a JFIF header with the image's density where a JPEG has none."""
    if data[2:4] in (_APP0, _APP1):
        return data
    if image.xres == _NO_DENSITY:
        return jfif() + data[2:]
    return jfif(_density(image.xres), _density(image.yres)) + data[2:]


def _density(resolution: float) -> int:
    return min(max(round(resolution * MILLIMETRES_PER_INCH), 1), 65535)

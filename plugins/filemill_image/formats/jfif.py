"""The JFIF header of a JPEG, which libvips leaves out where it writes no metadata."""

from __future__ import annotations

import struct

import pyvips

from filemill_image.formats.header_facts import MILLIMETRES_PER_INCH

_SOI = b"\xff\xd8"
_APP0, _APP1 = b"\xff\xe0", b"\xff\xe1"
_NO_DENSITY = 1.0
"""Pixels a millimetre that libvips gives an image whose file has no density."""


def with_density(data: bytes, image: pyvips.Image) -> bytes:
    """Put a JFIF header (JFIF 1.02, with the density in pixels an inch) where a JPEG has none."""
    if data[2:4] in (_APP0, _APP1):
        return data
    unit, across, down = 0, 1, 1
    if image.xres != _NO_DENSITY:
        unit = 1
        across, down = (_density(resolution) for resolution in (image.xres, image.yres))
    return _SOI + _APP0 + struct.pack(">H5sHBHHBB", 16, b"JFIF\0", 0x0102, unit, across, down, 0, 0) + data[2:]


def _density(resolution: float) -> int:
    return min(max(round(resolution * MILLIMETRES_PER_INCH), 1), 65535)

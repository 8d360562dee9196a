"""Density: pixels an inch of a print, in files (without encoding them again) and in images."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pyvips

from filemill_image.formats.jfif import jfif
from filemill_image.formats.stripping import png_chunks

_METRES_PER_INCH = 0.0254


def with_density(image: pyvips.Image, resolution: float) -> pyvips.Image:
    """Return an image with a resolution, pixels a millimetre."""
    image = image.copy(xres=resolution, yres=resolution)
    image.set_type(pyvips.GValue.gstr_type, "resolution-unit", "in")
    return image


def dense_jpeg(data: bytes, dpi: int) -> bytes:
    """Return a JPEG file with another density in its JFIF header, which is added where there is none."""
    if data[2:4] == b"\xff\xe0" and data[6:11] == b"JFIF\0":
        return data[:13] + struct.pack(">BHH", 1, dpi, dpi) + data[18:]
    return jfif(dpi, dpi) + data[2:]


def dense_png(data: bytes, dpi: int) -> bytes:
    """Return a PNG file with another `pHYs` chunk (pixels a metre), which stands before the pixels."""
    per_metre = round(dpi / _METRES_PER_INCH)
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body))
    signature, header, *rest = [part for kind, part in png_chunks(data) if kind != b"pHYs"]
    return b"".join([signature, header, chunk, *rest])


DENSE_FORMATS: dict[str, Callable[[bytes, int], bytes]] = {"jpeg": dense_jpeg, "png": dense_png}
"""Formats whose density can be changed in the file, by format name."""

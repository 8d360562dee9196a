"""Density: pixels an inch of a print, in files (without encoding them again) and in images."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pyvips

from filemill_image.formats.jfif import jfif
from filemill_image.formats.jpeg_segments import SOI, segments
from filemill_image.formats.stripping import png_chunks

_METRES_PER_INCH = 0.0254
_APP1, _EXIF = 0xE1, b"Exif\0\0"
_RESOLUTIONS, _UNIT = (0x011A, 0x011B), 0x0128
_RATIONAL, _INCHES = 5, 2

ASKED = "filemill-density"
"""Field of an image whose density somebody set, and wants to hear of where a format has no place for it."""
WITHOUT_DENSITY = {"gif", "webp", "avif", "jxl", "jp2"}
"""Formats that have no place for a density."""


def with_density(image: pyvips.Image, resolution: float) -> pyvips.Image:
    """Return an image with a resolution, pixels a millimetre, that was asked for."""
    image = image.copy(xres=resolution, yres=resolution)
    image.set_type(pyvips.GValue.gint_type, ASKED, 1)
    image.set_type(pyvips.GValue.gstr_type, "resolution-unit", "in")
    return image


def dense_jpeg(data: bytes, dpi: int) -> bytes:
    """Return a JPEG file with another density in its JFIF header, which is added where there is none, and in EXIF."""
    has_header = data[2:4] == b"\xff\xe0" and data[6:11] == b"JFIF\0"
    parts = [jfif(dpi, dpi)]
    for marker, start, end in segments(data):
        segment = data[start:end]
        if marker == SOI or (has_header and start == 2):
            continue
        if marker == _APP1 and segment[4:10] == _EXIF:
            segment = segment[:10] + dense_exif(segment[10:], dpi)
        parts.append(segment)
    return b"".join(parts)


def dense_png(data: bytes, dpi: int) -> bytes:
    """Return a PNG file with another `pHYs` chunk (pixels a metre), which stands before the pixels, and in EXIF."""
    per_metre = round(dpi / _METRES_PER_INCH)
    kept = []
    for kind, chunk in png_chunks(data):
        if kind == b"eXIf":
            kept.append(_chunk(kind, dense_exif(chunk[8:-4], dpi)))
        elif kind != b"pHYs":
            kept.append(chunk)
    signature, header, *rest = kept
    return b"".join([signature, header, _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)), *rest])


def dense_exif(exif: bytes, dpi: int) -> bytes:
    """Return EXIF (a TIFF header and what follows) with its resolution replaced in place, where it has one."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    patched = bytearray(exif)
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4) if order else (len(exif),)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for at in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind, _, place = struct.unpack_from(f"{order}HHII", exif, at)
            if tag in _RESOLUTIONS and kind == _RATIONAL:
                struct.pack_into(f"{order}II", patched, place, dpi, 1)
            elif tag == _UNIT:
                struct.pack_into(f"{order}H", patched, at + 8, _INCHES)
    except struct.error:  # EXIF that is cut short is no one's source of truth
        return exif
    return bytes(patched)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


DENSE_FORMATS: dict[str, Callable[[bytes, int], bytes]] = {"jpeg": dense_jpeg, "png": dense_png}
"""Formats whose density can be changed in the file, by format name."""

"""Formats that libvips does not know here: files made and read by ffmpeg and Pillow, and camera RAW made by hand."""

from __future__ import annotations

import io
import math
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pillow_jxl  # noqa: F401 - Pillow reads and writes JPEG XL with it
import pyvips
from PIL import Image

PILLOW = {"jxl": "JXL", "jp2": "JPEG2000"}
"""Pillow's names of formats."""

_CFA, _SRATIONAL, _RATIONAL, _BYTE, _ASCII, _SHORT, _LONG = 32803, 10, 5, 1, 2, 3, 4
_CODES = {_BYTE: "B", _SHORT: "H", _LONG: "L", _RATIONAL: "L", _SRATIONAL: "l"}
_XYZ_TO_SRGB = (
    *(3.2404542, -1.5371385, -0.4985314),
    *(-0.9692660, 1.8760108, 0.0415560),
    *(0.0556434, -0.2040259, 1.0572252),
)
WHITE_LEVEL = 4095


def encoded(image: pyvips.Image, form: str, **options: Any) -> bytes:
    """Encode pixels with Pillow."""
    written = io.BytesIO()
    Image.fromarray(image.numpy()).save(written, PILLOW[form], **options)
    return written.getvalue()


def read_by_pillow(path: str | Path) -> pyvips.Image:
    """Read a file with Pillow."""
    with Image.open(path) as image:
        return pyvips.Image.new_from_array(np.asarray(image)).copy(interpretation="srgb")


def made_by_ffmpeg(path: Path, pixel_format: str, *options: str, size: str = "96x64") -> Path:
    """Write the first frame of ffmpeg's test picture in a pixel format; the suffix says in which file format."""
    source = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=1:duration=1", "-frames:v", "1", "-update", "1"]
    command = ["ffmpeg", "-v", "error", "-y", *source, "-pix_fmt", pixel_format, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def read_by_ffmpeg(path: str | Path, size: tuple[int, int], bands: int = 3) -> pyvips.Image:
    """Read a file with ffmpeg."""
    form = "rgba" if bands == 4 else "rgb24"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", form, "-"]
    pixels = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    return pyvips.Image.new_from_memory(pixels, *size, bands, "uchar").copy(interpretation="srgb")


def psnr(one: pyvips.Image, other: pyvips.Image) -> float:
    """Return the peak signal-to-noise ratio of two pictures of one size, decibels."""
    assert (one.width, one.height, one.bands) == (other.width, other.height, other.bands)
    square = ((one.cast("float") - other) ** 2).avg()
    return 10 * math.log10(255**2 / square) if square else math.inf


def write_dng(path: Path, image: pyvips.Image, *, orientation: int = 1, neutral: float = 1.0) -> Path:
    """Write what a sensor of 12 bits under a filter of red, green and blue saw of sRGB pixels, as a DNG.

    Args:
        path: of the file.
        image: even sides, three bands.
        orientation: that EXIF gives it.
        neutral: how bright red and blue of something grey are to the sensor: the white balance of the camera.
    """
    seen = image.numpy().astype(float) / 255
    light = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4) * [neutral, 1.0, neutral]
    mosaic = np.zeros((image.height, image.width))
    for row, column, band in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[row::2, column::2] = light[row::2, column::2, band]
    data = np.round(mosaic * WHITE_LEVEL).astype("<u2").tobytes()
    # The sensor sees sRGB's own primaries, red and blue weaker.
    matrix = [v * (1.0 if row == 1 else neutral) for row in range(3) for v in _XYZ_TO_SRGB[3 * row : 3 * row + 3]]
    entries: dict[int, tuple[int, Any]] = {
        254: (_LONG, [0]), 256: (_LONG, [image.width]), 257: (_LONG, [image.height]), 258: (_SHORT, [16]),
        259: (_SHORT, [1]), 262: (_SHORT, [_CFA]), 271: (_ASCII, b"Pinhole\0"), 272: (_ASCII, b"Model A\0"),
        273: (_LONG, [0]), 274: (_SHORT, [orientation]), 277: (_SHORT, [1]), 278: (_LONG, [image.height]),
        279: (_LONG, [len(data)]), 284: (_SHORT, [1]), 33421: (_SHORT, [2, 2]), 33422: (_BYTE, [0, 1, 1, 2]),
        50706: (_BYTE, [1, 4, 0, 0]), 50707: (_BYTE, [1, 1, 0, 0]), 50708: (_ASCII, b"Model A\0"),
        50714: (_SHORT, [0]), 50717: (_SHORT, [WHITE_LEVEL]), 50721: (_SRATIONAL, _fractions(matrix)),
        50728: (_RATIONAL, _fractions([neutral, 1.0, neutral])), 50778: (_SHORT, [21]),
    }  # fmt: skip
    _write_tiff(path, entries, data)
    return path


def _fractions(numbers: list[float]) -> list[int]:
    return [part for number in numbers for part in (round(number * 10000), 10000)]


def _write_tiff(path: Path, entries: dict[int, tuple[int, Any]], data: bytes) -> None:
    """Write one directory and its strip; tag 273 is told where the strip stands."""
    start = 8 + 2 + 12 * len(entries) + 4
    packed = {tag: _packed(form, value) for tag, (form, value) in entries.items()}
    strip = start + sum(len(value) for value in packed.values() if len(value) > 4)
    packed[273] = struct.pack("<L", strip)
    directory, beside = b"", b""
    for tag, (form, value) in sorted(entries.items()):
        count = len(value) // (2 if form in (_RATIONAL, _SRATIONAL) else 1)
        inline = packed[tag].ljust(4, b"\0")
        if len(packed[tag]) > 4:
            inline = struct.pack("<L", start + len(beside))
            beside += packed[tag]
        directory += struct.pack("<HHL", tag, form, count) + inline
    head = struct.pack("<2sHLH", b"II", 42, 8, len(entries))
    path.write_bytes(head + directory + b"\0\0\0\0" + beside + data)


def _packed(form: int, value: Any) -> bytes:
    return bytes(value) if form == _ASCII else struct.pack(f"<{len(value)}{_CODES[form]}", *value)

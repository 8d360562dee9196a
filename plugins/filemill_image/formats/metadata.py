"""Metadata of files: EXIF as named values."""

from __future__ import annotations

import struct
from typing import Any

import pyvips
from PIL import ExifTags, Image

from filemill import File
from filemill.kinds import Facts, Json
from filemill_image.formats.jxl_header import exif_of
from filemill_image.formats.opening import ORIGIN
from filemill_image.formats.raw_sniffing import TIFF_HEADS

LOADERS = {
    "jpeg": "jpegload",
    "png": "pngload",
    "webp": "webpload",
    "avif": "heifload",
    "heic": "heifload",
    "gif": "gifload",
    "tiff": "tiffload",
}
"""The libvips loader that reads a format's header, by format name."""

_OPAQUE = {"MakerNote", "PrintImageMatching", "ExifOffset", "GPSInfo", "ExifInteroperabilityOffset", "XMLPacket"}
_DESCRIPTIVE = {0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x8298}
"""Tags of camera RAW beside EXIF that tell of the picture: description, camera, orientation, program, time, author,
copyright. The others tell how the file lies."""
_LONGEST = 1024


def header_of(format: str, path: str) -> pyvips.Image | None:
    """Read a header with its metadata, or None where the format has none or it can't be read."""
    loader = LOADERS.get(format)
    try:
        return pyvips.Operation.call(loader, path) if loader else None
    except pyvips.Error:
        return None


def origin_of(image: pyvips.Image) -> pyvips.Image | None:
    """Read the header of the file an image was loaded from."""
    if not image.get_typeof(ORIGIN):
        return None
    name, _, path = image.get(ORIGIN).partition(":")
    return header_of(name, path)


def read_exif(file: File) -> Facts:
    """Read a file's EXIF.

    Returns:
        names of the EXIF standard with plain values: text, numbers, lists of these. What stands in the
        GPS part is under `gps`, with `latitude` and `longitude` in degrees where the file has them.
        Empty where there is none or it is broken. Maker notes and other opaque bytes are left out.
    """
    exif = Image.Exif()
    try:
        if not _load(exif, file):
            return {}
        main = {tag: value for tag, value in exif.items() if file.format != "raw" or tag in _DESCRIPTIVE}
        main |= dict(exif.get_ifd(ExifTags.IFD.Exif))
        gps = _named(dict(exif.get_ifd(ExifTags.IFD.GPSInfo)), ExifTags.GPSTAGS)
    except (ValueError, TypeError, KeyError, IndexError, SyntaxError, OSError, struct.error):
        return {}
    facts = _named(main, ExifTags.TAGS)
    if gps:
        facts["gps"] = gps | _position(gps)
    return facts


def _load(exif: Image.Exif, file: File) -> bool:
    """Load a file's EXIF; tell whether there is any."""
    if file.format == "raw":
        with file.path.open("rb") as stream:
            if not stream.read(4).startswith(TIFF_HEADS):
                return False
            stream.seek(0)
            exif.load_from_fp(stream)
            exif.get_ifd(ExifTags.IFD.Exif)  # while the file is open
            exif.get_ifd(ExifTags.IFD.GPSInfo)
        return True
    if file.format == "jxl":
        data = exif_of(file.path)
    else:
        header = header_of(file.format, str(file.path))
        data = bytes(header.get("exif-data")) if header is not None and header.get_typeof("exif-data") else None
    if data is not None:
        exif.load(data)
    return data is not None


def _named(tags: dict[int, Any], names: dict[int, str]) -> Facts:
    facts: Facts = {}
    for tag, value in sorted(tags.items()):
        name = names.get(tag)
        plain = _plain(value)
        if name is not None and name not in _OPAQUE and plain is not None:
            facts[name] = plain
    return facts


def _plain(value: Any) -> Json:
    if isinstance(value, bytes):
        text = value.removeprefix(b"ASCII\0\0\0").rstrip(b"\0 ")
        return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() else None
    if isinstance(value, str):
        return value.replace("\0", "").strip()[:_LONGEST]
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value[:_LONGEST]]
    if isinstance(value, int):
        return int(value)
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return round(number, 9) if abs(number) < float("inf") else None


def _position(gps: Facts) -> Facts:
    """Return the position in degrees, south and west negative."""
    found: Facts = {}
    for name, tag, negative in (("latitude", "GPSLatitude", "S"), ("longitude", "GPSLongitude", "W")):
        parts = gps.get(tag)
        if isinstance(parts, list) and len(parts) == 3 and all(isinstance(part, (int, float)) for part in parts):
            degrees = sum(float(part) / 60**power for power, part in enumerate(parts) if isinstance(part, (int, float)))
            found[name] = round(-degrees if gps.get(f"{tag}Ref") == negative else degrees, 7)
    return found if len(found) == 2 else {}

"""Target: what a file is, told by its content."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill.formats import SNIFF_BYTES
from fuzz.engine import Target
from fuzz.guidance import PRODUCT
from fuzz.parts import registry
from fuzz.seeds import Seeds

_BOX = rb".{4}ftyp"
_ZIP = rb"PK(?:\x03\x04|\x05\x06)"
_COMPOUND = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAGIC = {
    name: re.compile(pattern, re.DOTALL | re.IGNORECASE if name in ("html", "svg") else re.DOTALL)
    for name, pattern in {
        "7z": rb"7z\xbc\xaf\x27\x1c",
        "aac": rb"ID3|\xff[\xf0\xf1\xf8\xf9]",
        "avi": rb"(?:RIFF|RF64).{4}AVI ",
        "avif": _BOX,
        "doc": _COMPOUND,
        "docx": _ZIP,
        "encrypted-office": _COMPOUND,
        "flac": rb"ID3|fLaC",
        "gif": rb"GIF8[79]a",
        "heic": _BOX,
        "html": rb".{0,4095}<(?:!doctype|html|head|body)",
        "jp2": rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51",
        "jpeg": rb"\xff\xd8\xff",
        "jxl": rb"\xff\x0a|\x00\x00\x00\x0cJXL ",
        "m4a": _BOX,
        "mkv": rb"\x1aE\xdf\xa3",
        "mov": rb".{4}(?:ftypqt  |moov|mdat|wide)",
        "mp3": rb"ID3|\xff[\xe2-\xff]",
        "mp4": _BOX,
        "odp": _ZIP,
        "ods": _ZIP,
        "odt": _ZIP,
        "ogg": rb"OggS",
        "opus": rb"OggS",
        "pdf": rb".{0,1024}%PDF-",
        "png": rb"\x89PNG\r\n\x1a\n",
        "ppt": _COMPOUND,
        "pptx": _ZIP,
        "raw": rb"II|MM|FUJIFILM|.{4}ftypcrx ",
        "rtf": rb"\{\\rtf",
        "svg": rb".{0,4095}<(?:[\w.-]+:)?svg|(?:\xff\xfe|\xfe\xff).*s\x00?v\x00?g",
        "tar": rb".{512}",
        "tar-bz2": rb"BZh",
        "tar-gz": rb"\x1f\x8b",
        "tar-xz": rb"\xfd7zXZ\x00",
        "tar-zst": rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18",
        "tiff": rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]",
        "wav": rb"(?:RIFF|RF64).{4}WAVE",
        "webm": rb"\x1aE\xdf\xa3",
        "webp": rb"RIFF.{4}WEBP",
        "xls": _COMPOUND,
        "xlsx": _ZIP,
        "zip": _ZIP,
    }.items()
}
"""What a file of a format begins with, written down beside the code that tells it."""

_TOKENS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF", b"WEBP", b"WAVE", b"AVI ", b"%PDF-1.7\n"),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"7z\xbc\xaf\x27\x1c"),
    *(b"ftyp", b"heic", b"avif", b"mif1", b"isom", b"qt  ", b"M4A ", b"moov", b"\x1aE\xdf\xa3", b"B\x82\x84webm"),
    *(b"OggS", b"OpusHead", b"\x01vorbis", b"ID3\x04\0\0\0\0\0\x10", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"fLaC"),
    *(b"II*\0", b"MM\0*", b"\xff\x0a", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"ustar\0"),
    *(b"<!--", b"-->", b"<?xml version='1.0'?>", b"<!DOCTYPE ", b"<html>", b"<svg ", b"[", b"]>", b"ocr_page", b"{"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b" ", b"\n", b"level\tpage_num", b"{\\rtf1", b"mimetype", b"word/"),
    *(b"[Content_Types].xml", b"_rels/.rels", b"W\0o\0r\0d\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
)


def target(folder: Path) -> Target:
    """Any bytes are of one format, or of none and refused; no format is told where its magic is not."""
    seeds = Seeds(folder)
    small = [path.read_bytes()[: 3 * SNIFF_BYTES] for paths in seeds.quick().values() for path in paths]
    present = folder / "present"
    formats = registry().formats
    names = ["", "name", *(f"name.{extension}" for form in formats for extension in form.extensions)]

    def check(data: bytes) -> bool:
        present.write_bytes(data)
        name = names[zlib.crc32(data) % len(names)]
        try:
            file = formats.sniff(present, name)
        except FilemillError as error:
            assert error.code is (ErrorCode.UNSUPPORTED_MEDIA if data else ErrorCode.INVALID_FILE), error.detail
            return False
        assert file.size == len(data)
        magic = MAGIC.get(file.format)
        named_only = any(formats.of_name(name) is form and form.within for form in [formats[file.format]])
        assert magic is None or named_only or magic.match(data), f"taken for {file.format}"
        for form in formats:
            assert form.sniff(data[:SNIFF_BYTES]) in (True, False), form.name
        return True

    return Target(name="sniffing", check=check, seeds=small, tokens=_TOKENS, longest=3 * SNIFF_BYTES, traced=PRODUCT)

"""Files of video and sound that claim what is not so, and name what they should not, built byte by byte."""

from __future__ import annotations

import struct

import pyvips

Boxes = list[tuple[bytes, "Boxes | bytes"]]
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl")


def read_boxes(data: bytes) -> Boxes:
    """Take the boxes of an MP4 apart."""
    found: Boxes = []
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        found.append((kind, read_boxes(body) if kind in _PARENTS else body))
        at += size
    return found


def write_boxes(boxes: Boxes) -> bytes:
    """Put boxes together."""
    bodies = [(kind, write_boxes(body) if isinstance(body, list) else body) for kind, body in boxes]
    return b"".join(struct.pack(">I4s", len(body) + 8, kind) + body for kind, body in bodies)


def many_streams(mp4: bytes, count: int) -> bytes:
    """Repeat the first track of an MP4 whose `moov` stands at its end."""
    boxes = read_boxes(mp4)
    (moov,) = [body for kind, body in boxes if kind == b"moov"]
    assert isinstance(moov, list)
    (trak, *_) = [box for box in moov if box[0] == b"trak"]
    moov += [trak] * count
    return write_boxes(boxes)


def elsewhere(mp4: bytes, path: str) -> bytes:
    """Have the tracks of an MP4 say that their samples are in another file, as an alias of QuickTime does."""
    return write_boxes(_aliased(read_boxes(mp4), path.encode()))


def _aliased(boxes: Boxes, path: bytes) -> Boxes:
    name = path.rpartition(b"/")[2]
    record = bytes(10) + b"\x01v" + bytes(26) + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    record += struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">hh", 2, len(path)) + path + b"\0" * (len(path) % 2) + struct.pack(">hh", -1, 0)
    entry = struct.pack(">I4sI", len(record) + 12, b"alis", 0) + record
    dref = struct.pack(">II", 0, 1) + entry
    return [
        (kind, dref if kind == b"dref" else _aliased(body, path) if isinstance(body, list) else body)
        for kind, body in boxes
    ]


def long_samples(mp4: bytes) -> bytes:
    """Have each sample of an MP4 last for hours."""
    at = mp4.index(b"stts") + 16
    return mp4[:at] + struct.pack(">I", 0x7FFFFFF) + mp4[at + 4 :]


def avi(*, subtitles: bytes = b"", size: tuple[int, int] = (64, 48)) -> bytes:
    """Write an AVI of a JPEG that claims a size, and of subtitles (`GAB2`) that are any file."""
    picture = bytearray(pyvips.Image.black(64, 48, bands=3).jpegsave_buffer())
    struct.pack_into(">HH", picture, picture.index(b"\xff\xc0") + 5, size[1], size[0])
    header = struct.pack("<10I4I", 100_000, 0, 0, 0, 1, 0, 2, 0, *size, 0, 0, 0, 0)
    words = b"GAB2\0" + struct.pack("<HIHI", 2, 0, 4, len(subtitles)) + subtitles
    format_ = struct.pack("<IiiHH4sIiiII", 40, *size, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    streams = _list(b"strl", _chunk(b"strh", _stream(b"vids", b"MJPG")) + _chunk(b"strf", format_))
    streams += _list(b"strl", _chunk(b"strh", _stream(b"txts", b"\0\0\0\0")) + _chunk(b"strf", bytes(4)))
    movie = _chunk(b"00dc", bytes(picture)) + _chunk(b"01tx", words)
    body = b"AVI " + _list(b"hdrl", _chunk(b"avih", header) + streams) + _list(b"movi", movie)
    return _chunk(b"RIFF", body)


def _stream(kind: bytes, codec: bytes) -> bytes:
    return struct.pack("<4s4sIIIIIIIIIIHHHH", kind, codec, 0, 0, 0, 1, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _list(name: bytes, body: bytes) -> bytes:
    return _chunk(b"LIST", name + body)

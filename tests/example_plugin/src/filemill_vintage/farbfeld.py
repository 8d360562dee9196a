"""Farbfeld, a lossless format of 16 bits a band (https://tools.suckless.org/farbfeld/).

A file is `farbfeld`, width and height as big-endian 32-bit numbers, then RGBA in big-endian 16 bits.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pyvips

from filemill import Context, Encoding, ErrorCode, File, FilemillError, Format, Picture, check_size

_MAGIC = b"farbfeld"
_HEADER = struct.Struct(">8sII")
_PIXEL_BYTES = 8


def _open(file: File, context: Context) -> Picture:
    with file.path.open("rb") as stream:
        head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise _broken(file)
    _, width, height = _HEADER.unpack(head)
    check_size(width, height, 1, context.limits, file.name)
    if file.size < _HEADER.size + width * height * _PIXEL_BYTES:
        raise _broken(file)

    def load(factor: float) -> pyvips.Image:
        # From memory: in a worker libvips opens no file by its own less trusted loaders, of which rawload is one.
        pixels = file.path.read_bytes()[_HEADER.size :][: width * height * _PIXEL_BYTES]
        raw = pyvips.Image.new_from_memory(pixels, width, height, 4, "ushort").copy(interpretation="rgb16")
        return (raw.byteswap() >> 8).cast("uchar").copy(interpretation="srgb")

    return Picture(load, width=width, height=height, transparent=True, format="farbfeld", source=file)


def _broken(file: File) -> FilemillError:
    return FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} has fewer bytes than its header says.")


def _save(picture: Picture, path: Path, encoding: Encoding, context: Context) -> None:
    image = picture.image
    if picture.frames > 1:
        image = image.crop(0, 0, picture.width, picture.height)
        context.report(frames=f"1 of {picture.frames}")
    if not image.hasalpha():
        image = image.bandjoin(255)
    wide = (image.cast("ushort") * 257).cast("ushort").byteswap()
    path.write_bytes(_HEADER.pack(_MAGIC, picture.width, picture.height) + wide.write_to_memory())


FARBFELD = Format(
    name="farbfeld",
    title="Farbfeld",
    media_types=("image/x-farbfeld",),
    extensions=("ff",),
    kind=Picture,
    sniff=lambda head: head.startswith(_MAGIC),
    open=_open,
    save=_save,
)

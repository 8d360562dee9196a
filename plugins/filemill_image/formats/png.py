"""PNG."""

from __future__ import annotations

import struct

import pyvips

from filemill import Context, File, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.raw_pixels import AT_ONCE, like
from filemill_image.formats.saving import Encoder, saver, vips
from filemill_image.formats.stripping import stripped_png

_IHDR = struct.Struct(">16xIIBB2xB")
"""Of a file's first bytes: width, height, bits a sample, colour type, interlacing (PNG 3rd edition, 11.2.1)."""
_MODES = {(0, 1): "mono", (2, 3): "rgb", (6, 4): "rgba"}
"""By colour type and bands, which are more where a colour is declared transparent."""


def _open(file: File, context: Context) -> Picture:
    header = load("pngload", file)

    def decode(factor: float) -> pyvips.Image:
        if header.width * header.height <= AT_ONCE and (mode := _mode(file, header)):
            try:
                return _plain(file, header, mode)
            except Exception:  # noqa: BLE001, S110 - the decoder raises no other; libvips tells what is wrong
                pass
        return load("pngload", file, access="sequential", fail_on="error")

    return opened(file, context, header, decode)


def _mode(file: File, header: pyvips.Image) -> str | None:
    """Return the name of the samples of a file that is not interlaced, with 8 bits each; else None."""
    with file.path.open("rb") as stream:
        width, height, bits, colour, interlaced = _IHDR.unpack(stream.read(_IHDR.size))
    if (width, height, bits, interlaced) != (header.width, header.height, 8, 0):
        return None
    return _MODES.get((colour, header.bands))


def _plain(file: File, header: pyvips.Image, mode: str) -> pyvips.Image:
    """Decode with the PNG decoder of the image-rs project, in two thirds of the time of libpng."""
    from kornia_rs import io  # noqa: PLC0415 - takes a moment that only workers have to spend

    pixels = io.decode_image_png_u8(file.path.read_bytes(), (header.height, header.width), mode)
    return like(header, pixels, (header.width, header.height))


_ENCODER = Encoder(format="png", encode=vips("pngsave"), transparent=True, animated=False, largest=65535)

PNG = Format(
    name="png",
    title="PNG",
    media_types=("image/png", "image/x-png"),
    extensions=("png",),
    kind=Picture,
    sniff=lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    open=_open,
    save=saver(_ENCODER),
    strip=stripped_png,
)

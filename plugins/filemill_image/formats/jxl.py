"""JPEG XL, by libjxl. Of animations its binding gives the last frame alone: they are refused."""

from __future__ import annotations

from typing import Any

import pyvips
from PIL import Image

from filemill import Context, ErrorCode, File, FilemillError, Format, Picture
from filemill_image.formats.jxl_header import CODESTREAM, CONTAINER, EXIF_START, JxlHeader, read_header
from filemill_image.formats.opening import broken, check_memory, opened
from filemill_image.formats.orientation import UPRIGHT, upright
from filemill_image.formats.raw_pixels import blank, sampled
from filemill_image.formats.saving import Encoder, saver

_FAILURES = (RuntimeError, ValueError, NotImplementedError, OSError)
_ORIENTATION = 0x0112
_NO_THREADS = 0
_BEST = 99.9
"""The highest quality of a lossy encode: at 100 libjxl wants to be told that it is without loss."""


def _open(file: File, context: Context) -> Picture:
    """Open a still picture. The orientation is the codestream's; EXIF orientation does not count."""
    try:
        header = read_header(file.path)
    except ValueError as error:
        raise broken(file, error) from error
    for told, what in ((header.animated, "an animated"), (header.black, "a CMYK")):
        if told:
            detail = f"{file.name!r} is {what} JPEG XL; of these only still pictures in grey or RGB are read."
            raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, detail)
    bands = (1 if header.grey else 3) + header.alpha
    return opened(
        file,
        context,
        blank(1, 1, bands),
        lambda factor: _decoded(file, header, bands, context),
        size=(header.width, header.height),
        orientation=UPRIGHT,
        known={"bitDepth": header.bits, "compression": "jpeg-xl"},
    )


def _decoded(file: File, header: JxlHeader, bands: int, context: Context) -> pyvips.Image:
    from pillow_jxl import Decoder  # noqa: PLC0415 - takes a moment that only workers have to spend

    check_memory(header.width * header.height, context)
    try:
        is_jpeg, _, data, profile = Decoder(num_threads=_NO_THREADS)(file.path.read_bytes())[:4]
    except _FAILURES as error:
        raise broken(file, ValueError("libjxl can't decode it")) from error
    if is_jpeg:  # a JPEG that was packed without loss comes back as it was
        try:
            image = upright(pyvips.Image.jpegload_buffer(data, fail_on="error"), header.orientation)
        except pyvips.Error as error:
            raise broken(file, error) from error
    else:
        image = sampled(data, header.width, header.height, bands, profile)
    if image is None or (image.width, image.height) != (header.width, header.height):
        raise broken(file, ValueError("the decoder and the header do not agree on the size"))
    return image


def _encode(image: pyvips.Image, options: dict[str, Any]) -> bytes:
    import pillow_jxl  # noqa: PLC0415 - as above

    if image.bands < 3:
        image = image.colourspace("srgb")
    lossless = options.get("lossless", False)
    exif, xmp = _metadata(image) if options["keep"] != "none" else (None, None)
    encoder: Any = pillow_jxl.Encoder  # its stub is of another version
    encode = encoder(
        mode="RGBA" if image.bands == 4 else "RGB",
        lossless=lossless,
        quality=100 if lossless else min(options["Q"], _BEST),
        decoding_speed=0,
        effort=options["effort"],
        use_container=False,
        use_original_profile=False,
        num_threads=_NO_THREADS,
    )
    pixels: Any = image.write_to_memory()
    kept = {"exif": exif, "xmp": xmp, "jumb": None, "compress": False}
    return bytes(encode(bytes(pixels), image.width, image.height, jpeg_encode=False, **kept))


def _metadata(image: pyvips.Image) -> tuple[bytes | None, bytes | None]:
    """Return the EXIF, orientation 1, and the XMP that an image has."""
    exif = None
    if image.get_typeof("exif-data"):
        tags = Image.Exif()
        tags.load(bytes(image.get("exif-data")))
        tags[_ORIENTATION] = UPRIGHT
        exif = EXIF_START + tags.tobytes().removeprefix(b"Exif\0\0")
    return exif, bytes(image.get("xmp-data")) if image.get_typeof("xmp-data") else None


_ENCODER = Encoder(format="jxl", encode=_encode, transparent=True, animated=False, quality=80, largest=65535)

JXL = Format(
    name="jxl",
    title="JPEG XL",
    media_types=("image/jxl",),
    extensions=("jxl",),
    kind=Picture,
    sniff=lambda head: head.startswith((CODESTREAM, CONTAINER)),
    open=_open,
    save=saver(_ENCODER),
    lossy=True,
)

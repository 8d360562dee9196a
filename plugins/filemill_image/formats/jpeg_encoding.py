"""The JPEG encoder: libjpeg-turbo itself for plain pictures, libvips for all that it can do besides."""

from __future__ import annotations

from typing import Any

import pyvips

from filemill_image.formats.jfif import with_jfif
from filemill_image.formats.raw_pixels import AT_ONCE

_SIMPLE = {"keep", "Q", "subsample_mode"}
"""The options that libjpeg-turbo is given."""
_FULL_COLOUR_FROM = 90
"""Quality from which on colour is not subsampled, as libvips has it."""

_WITH_ITS_JFIF = 20
"""Bytes of the first marker and the JFIF header that libjpeg-turbo writes, which knows no density."""


def encode_jpeg(image: pyvips.Image, options: dict[str, Any]) -> bytes:
    """Encode into memory, with the image's density.

    A baseline JPEG without metadata takes 40 % of the time that libvips takes, for as many bytes: over the
    photos of the corpus, 512 pixels wide, PSNR is 0.03 dB lower at quality 80, and 0.15 dB at 92.

    Args:
        image: one frame without alpha.
        options: of the libvips operation `jpegsave`.
    """
    if options.keys() <= _SIMPLE and options["keep"] == "none" and _is_plain(image):
        data = _turbo(image, options["Q"], options.get("subsample_mode", "auto"))
    else:
        data = pyvips.Operation.call("jpegsave_buffer", image, **options)
    return with_jfif(data, image)


def _is_plain(image: pyvips.Image) -> bool:
    plain = (image.interpretation, image.format, image.bands) == ("srgb", "uchar", 3)
    return plain and image.width * image.height <= AT_ONCE


def _turbo(image: pyvips.Image, quality: int, subsample_mode: str) -> bytes:
    import simplejpeg  # noqa: PLC0415 - brings numpy, a fifth of a second that only workers have to spend

    subsampled = quality < _FULL_COLOUR_FROM if subsample_mode == "auto" else subsample_mode == "on"
    data: bytes = simplejpeg.encode_jpeg(image.numpy(), quality, "RGB", "420" if subsampled else "444")
    return data[:2] + data[_WITH_ITS_JFIF:]

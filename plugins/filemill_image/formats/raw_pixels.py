"""Pixels that other libraries decoded, as libvips images."""

from __future__ import annotations

from typing import Any

import pyvips


def blank(width: int, height: int, bands: int, profile: bytes | None = None) -> pyvips.Image:
    """Return an image that stands for a header: no pixel of it is ever made."""
    return _described(pyvips.Image.black(width, height, bands=bands), profile)


def wrapped(data: Any, width: int, height: int, bands: int, profile: bytes | None = None) -> pyvips.Image:
    """Return an image over 8-bit pixels in memory, which are not copied."""
    return _described(pyvips.Image.new_from_memory(data, width, height, bands, "uchar"), profile)


def _described(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    image = image.copy(interpretation="srgb" if image.bands >= 3 else "b-w")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image

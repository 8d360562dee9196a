"""Pixels that other libraries decoded, as libvips images."""

from __future__ import annotations

from typing import Any

import pyvips

AT_ONCE = 12_000_000
"""Up to so many pixels are decoded at once, by the library that takes the least CPU for a format; larger
pictures are streamed by libvips, which never holds all of their pixels."""


def blank(width: int, height: int, bands: int, profile: bytes | None = None) -> pyvips.Image:
    """Return an image that stands for a header: no pixel of it is ever made."""
    return _described(pyvips.Image.black(width, height, bands=bands), profile)


def wrapped(data: Any, width: int, height: int, bands: int, profile: bytes | None = None) -> pyvips.Image:
    """Return an image over 8-bit pixels in memory, which are not copied."""
    return _described(pyvips.Image.new_from_memory(data, width, height, bands, "uchar"), profile)


def sampled(data: bytes, width: int, height: int, bands: int, profile: bytes | None = None) -> pyvips.Image | None:
    """Return an image over pixels whose samples are of 1, 2 or 4 bytes (real numbers); None where they are too few."""
    form = {1: "uchar", 2: "ushort", 4: "float"}.get(len(data) // (width * height * bands))
    if form is None or len(data) % (width * height * bands):
        return None
    image = pyvips.Image.new_from_memory(data, width, height, bands, form)
    if form == "float":
        image = (image * 65535).cast("ushort")
    return _described(image, profile, deep=form != "uchar")


def like(header: pyvips.Image, pixels: Any, size: tuple[int, int]) -> pyvips.Image:
    """Return an image over 8-bit pixels in memory with the colour profile and the density of a header."""
    image = pyvips.Image.new_from_memory(pixels, *size, header.bands, "uchar")
    image = image.copy(interpretation="srgb" if header.bands >= 3 else "b-w", xres=header.xres, yres=header.yres)
    for name, kind in (("icc-profile-data", pyvips.GValue.blob_type), ("resolution-unit", pyvips.GValue.gstr_type)):
        if header.get_typeof(name):
            image.set_type(kind, name, header.get(name))
    return image


def _described(image: pyvips.Image, profile: bytes | None, *, deep: bool = False) -> pyvips.Image:
    grey, colour = ("grey16", "rgb16") if deep else ("b-w", "srgb")
    image = image.copy(interpretation=colour if image.bands >= 3 else grey)
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image

"""Colour: whatever a file holds becomes sRGB, 8 bits a band, three bands or four with alpha."""

from __future__ import annotations

import re
from contextlib import suppress

import pyvips

PROFILE = "icc-profile-data"
_DESCRIPTION = re.compile(rb"sRGB|IEC ?61966-?2[-.]1|RGB_D65_SRG_..._SRG", re.IGNORECASE)
"""The last is libjxl's name for it."""
_NOT_SRGB = re.compile(rb"linear|scRGB", re.IGNORECASE)
_FALLBACK = {"cmyk": "cmyk", "b-w": "sgrey", "grey16": "sgrey"}


def profile_of(image: pyvips.Image) -> bytes | None:
    """Return the embedded ICC profile."""
    return bytes(image.get(PROFILE)) if image.get_typeof(PROFILE) else None


def profile_name(profile: bytes) -> str:
    """Return the description tag of an ICC profile (ICC.1, 9.2.41), or "" where it has none."""
    count = int.from_bytes(profile[128:132], "big")
    for index in range(min(count, 100)):
        entry = profile[132 + 12 * index : 144 + 12 * index]
        if entry[:4] == b"desc":
            start, size = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
            return _described(profile[start : start + size])
    return ""


def _described(tag: bytes) -> str:
    if tag[:4] == b"desc":  # version 2: ASCII after its length
        return tag[12 : 12 + int.from_bytes(tag[8:12], "big")].split(b"\0")[0].decode("ascii", "replace").strip()
    if tag[:4] == b"mluc":  # version 4: UTF-16, the first language
        size, start = int.from_bytes(tag[20:24], "big"), int.from_bytes(tag[24:28], "big")
        return tag[start : start + size].decode("utf-16-be", "replace").strip("\0 ")
    return ""


def is_srgb(profile: bytes) -> bool:
    """Whether an RGB profile is sRGB by its name, so that a transform would change nothing."""
    name = profile_name(profile).encode()
    return profile[16:20] == b"RGB " and bool(_DESCRIPTION.search(name)) and not _NOT_SRGB.search(name)


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Bring an image to sRGB, 8 bits.

    A profile that is not sRGB is applied with relative intent and black point compensation, as
    browsers do; one that is broken or does not fit the pixels is passed over. CMYK without a profile
    is read by the CMYK profile that libvips brings.
    """
    profile = profile_of(image)
    space = image.interpretation
    if space == "cmyk" or (profile is not None and not (image.bands >= 3 and is_srgb(profile))):
        with suppress(pyvips.Error):  # the colours are then taken as they stand
            image = image.icc_transform(
                "srgb",
                embedded=True,
                input_profile=_FALLBACK.get(space, "srgb"),
                intent="relative",
                black_point_compensation=True,
                depth=8,
            )
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar")
    return image.extract_band(0, n=4) if image.bands > 4 else image

"""Metadata that a result keeps: EXIF, XMP and IPTC of the file its pixels came from."""

from __future__ import annotations

import pyvips

from filemill_image.formats.metadata import origin_of
from filemill_image.formats.opening import ORIGIN

_BLOBS = ("exif-data", "xmp-data", "iptc-data")
_PARSED = "exif-ifd"
_KEEP = pyvips.enums.ForeignKeep.EXIF | pyvips.enums.ForeignKeep.XMP | pyvips.enums.ForeignKeep.IPTC


def kept(image: pyvips.Image) -> tuple[pyvips.Image, int]:
    """Return the image with its origin's metadata, orientation 1, and the `keep` flags for the saver.

    libvips brings the dimensions and the density in EXIF up to date while it saves; an embedded
    thumbnail is left out, since it shows the picture as it was.
    """
    origin = origin_of(image)
    image = without_metadata(image)
    if origin is not None:
        for name in origin.get_fields():
            if _is_metadata(name):
                image.set_type(origin.get_typeof(name), name, origin.get(name))
    image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    return image, _KEEP


def without_metadata(image: pyvips.Image) -> pyvips.Image:
    """Return the image without metadata and without a way back to it."""
    image = image.copy()
    for name in image.get_fields():
        if _is_metadata(name) or name == ORIGIN:
            image.remove(name)
    return image


def _is_metadata(name: str) -> bool:
    return name in _BLOBS or name.startswith((_PARSED, "png-comment", "image-description", "gif-comment"))

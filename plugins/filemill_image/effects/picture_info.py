"""The operation `picture-info`."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

import blurhash
import pyvips
from msgspec import Meta

from filemill import Context, Data, Operation, Picture
from filemill.kinds import Facts
from filemill_image.effects.bands import first_frame, with_alpha
from filemill_image.effects.palette import dominant_colours
from filemill_image.effects.thumb_hash import thumb_hash
from filemill_image.formats.metadata import read_exif

_PALETTE_SIDE = 64
_HASH_SIDE = 24
"""Longest sides of the thumbnails, pixels; the hashes hold no more than seven waves a side."""
_BLUR_WAVES = (4, 3)
"""Components of the BlurHash along the longer and the shorter side, as its authors advise."""


class PictureInfo(Operation, frozen=True, kw_only=True, tag="picture-info"):
    """Tell what is known of a picture: size, format, colours, EXIF.

    `width` and `height` are of one frame, upright. What the header tells is given as far as the format
    has it: `colourSpace`, `profile`, `orientation`, `bitDepth`, `density`, `delays`. `colours` are the
    dominant ones with their shares; `blurHash` (of the picture on white) and `thumbHash` (base64) are
    placeholders to show while a page loads. With `colours: 0` and `hashes: false` no pixel is read.
    """

    exif: Annotated[bool, Meta(description="Whether to tell the EXIF, without GPS.")] = True
    gps: Annotated[bool, Meta(description="Whether to tell the GPS part of the EXIF: where it was taken.")] = False
    colours: Annotated[int, Meta(ge=0, le=32, description="Number of dominant colours; 0: none.", examples=[3])] = 5
    hashes: Annotated[bool, Meta(description="Whether to compute BlurHash and ThumbHash.")] = True

    def run(self, picture: Picture, context: Context) -> Data:
        """Gather the facts; at most one decode, as small as the thumbnails allow."""
        facts: Facts = {"format": picture.format}
        if picture.source is not None:
            facts["sizeBytes"] = picture.source.size
        facts |= {**picture.facts, "hasAlpha": bool(picture.transparent), **picture.known}
        if self.exif or self.gps:
            found = read_exif(picture.source) if picture.source is not None else {}
            gps = found.pop("gps", None)
            facts |= ({"exif": found} if self.exif else {}) | ({"gps": gps} if self.gps else {})
        if self.colours or self.hashes:
            facts |= self._seen(picture)
        return Data(facts)

    def _seen(self, picture: Picture) -> Facts:
        """Return what the first frame's pixels tell."""
        factor = max(picture.width, picture.height) / _PALETTE_SIDE
        small = _within(first_frame(picture, max(1.0, factor)), _PALETTE_SIDE)
        facts: Facts = {}
        if self.colours:
            facts["colours"] = dominant_colours(small, self.colours)
        if self.hashes:
            tiny = _within(small, _HASH_SIDE)
            waves = _BLUR_WAVES if picture.width >= picture.height else _BLUR_WAVES[::-1]
            facts["blurHash"] = blurhash.encode(_rows(tiny.flatten(background=255)), *waves)
            hashed = thumb_hash(tiny.width, tiny.height, bytes(tiny.write_to_memory()))
            facts["thumbHash"] = b64encode(hashed).decode()
        return facts


def _within(image: pyvips.Image, side: int) -> pyvips.Image:
    """Return an image made small enough for a square, with alpha, in memory."""
    return with_alpha(image.thumbnail_image(side, height=side, size="down")).copy_memory()


def _rows(image: pyvips.Image) -> list[list[bytes]]:
    """Return the pixels of an image of three bands: rows of triples."""
    pixels = bytes(image.write_to_memory())
    triples = [pixels[place : place + 3] for place in range(0, len(pixels), 3)]
    return [triples[start : start + image.width] for start in range(0, len(triples), image.width)]

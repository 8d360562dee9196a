"""JPEG files that a PDF takes as they are."""

from __future__ import annotations

from dataclasses import dataclass

import pikepdf
import pyvips
from pikepdf import Array, Dictionary, Name, Stream

from filemill import Picture

_START_OF_SCAN = 0xDA
_ADOBE = 0xEE
_JFIF = 0xE0
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_SPACES = {"b-w": (1, Name.DeviceGray), "srgb": (3, Name.DeviceRGB)}


@dataclass(frozen=True)
class PlainJpeg:
    """A JPEG without metadata, upright, grey or in colour.

    Fields:
        data: the file.
        width, height: pixels.
        space: its colours.
        profile: its ICC profile, where it has one.
        resolution: pixels a millimetre; 1.0 where it is unknown.
    """

    data: bytes
    width: int
    height: int
    space: Name
    profile: bytes | None
    resolution: float

    def stream(self, pdf: pikepdf.Pdf) -> Stream:
        """Return it as a picture stream."""
        about = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=self.width,
            Height=self.height,
            BitsPerComponent=8,
            ColorSpace=self.space,
        )
        if self.profile is not None:
            components = 1 if self.space == Name.DeviceGray else 3
            profile = Stream(pdf, self.profile, N=components, Alternate=self.space)
            about["/ColorSpace"] = Array([Name.ICCBased, pdf.make_indirect(profile)])
        about["/Filter"] = Name.DCTDecode
        return Stream(pdf, self.data, about)


def plain_jpeg(picture: Picture) -> PlainJpeg | None:
    """Return the JPEG that a picture still is; None where it has changed or has to be decoded to be shown right.

    Raises:
        pyvips.Error: it is cut short or broken.
    """
    if picture.source is None or picture.source.format != "jpeg":
        return None
    data = picture.source.path.read_bytes()
    image = pyvips.Image.jpegload_buffer(data)
    fields = set(image.get_fields())
    known = _SPACES.get(str(image.interpretation))
    turned = "orientation" in fields and image.get("orientation") > 1
    if turned or known is None or image.bands != known[0]:
        return None
    profile = bytes(image.get("icc-profile-data")) if "icc-profile-data" in fields else None
    plain = _without_metadata(data)
    if plain is None:
        return None
    pyvips.Image.jpegload_buffer(data, shrink=8, fail_on="truncated", access="sequential").avg()  # read to its end
    return PlainJpeg(plain, image.width, image.height, known[1], profile, image.xres)


def _without_metadata(data: bytes) -> bytes | None:
    """Return a JPEG without comments and application segments but Adobe's, which says how colours are stored."""
    parts, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            return b"".join([*parts, data[at:]])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if (marker not in _APPLICATION and marker != _COMMENT) or marker in (_ADOBE, _JFIF):
            parts.append(data[at:end])
        at = end
    return None

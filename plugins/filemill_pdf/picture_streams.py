"""Pictures as streams of a PDF."""

from __future__ import annotations

import pikepdf
import pyvips
from pikepdf import Dictionary, Name, Stream

_OPAQUE = 255
_SIGNATURE_BYTES = 8


def picture_stream(pdf: pikepdf.Pdf, image: pyvips.Image, quality: int | None = None) -> Stream:
    """Return a picture (in memory, 8 bits a band) as a stream: without loss, or as JPEG of a quality.

    An alpha that hides anything becomes its mask.
    """
    mask: pyvips.Image | None = None
    if image.hasalpha():
        mask = image.extract_band(image.bands - 1)
        image = image.extract_band(0, n=image.bands - 1)
    stream = _opaque(pdf, image, quality)
    if mask is not None and mask.min() < _OPAQUE:
        stream["/SMask"] = pdf.make_indirect(_opaque(pdf, mask, None))
    return stream


def _opaque(pdf: pikepdf.Pdf, image: pyvips.Image, quality: int | None) -> Stream:
    about = Dictionary(
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray if image.bands == 1 else Name.DeviceRGB,
    )
    if quality is not None:
        about["/Filter"] = Name.DCTDecode
        return Stream(pdf, jpeg_of(image, quality), about)
    # The rows of a PNG, filtered and deflated, are what a PDF takes as predictor 15.
    image = image.copy(interpretation="b-w" if image.bands == 1 else "srgb")
    png = bytes(image.pngsave_buffer(compression=6, keep="none", filter="all"))
    parameters = Dictionary(Predictor=15, Colors=image.bands, BitsPerComponent=8, Columns=image.width)
    about["/Filter"] = Name.FlateDecode
    about["/DecodeParms"] = parameters
    return Stream(pdf, _rows(png), about)


def jpeg_of(image: pyvips.Image, quality: int) -> bytes:
    """Encode a picture of one or three bands as JPEG without metadata."""
    image = image.copy(interpretation="b-w" if image.bands == 1 else "srgb")
    return bytes(image.jpegsave_buffer(Q=quality, optimize_coding=True, keep="none"))


def _rows(png: bytes) -> bytes:
    """Return the compressed rows of a PNG: the data of its IDAT chunks."""
    parts: list[bytes] = []
    at = _SIGNATURE_BYTES
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            parts.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)

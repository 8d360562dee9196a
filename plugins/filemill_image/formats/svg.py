"""SVG, rendered after it was cleaned: see `svg_cleaning`."""

from __future__ import annotations

import re

import pyvips

from filemill import Context, ErrorCode, File, FilemillError, Format, Picture
from filemill_image.formats.opening import broken, opened
from filemill_image.formats.orientation import UPRIGHT
from filemill_image.formats.svg_cleaning import cleaned

MAX_BYTES = 10 << 20
"""Largest SVG that is rendered, bytes."""

# Atomic and possessive: what was read as one comment is never tried as two, so that the time stays linear.
_ROOT = re.compile(
    r"\ufeff?\s*+(?:(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)\s*+)*+<(?:[\w.-]+:)?svg[\s/>]",
    re.DOTALL | re.IGNORECASE,
)


def is_svg(head: bytes) -> bool:
    """Whether the first element is `svg`, after declaration, comments and document type."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return _ROOT.match(head.decode(encoding, "replace")) is not None


def _open(file: File, context: Context) -> Picture:
    if file.size > MAX_BYTES:
        raise FilemillError(
            ErrorCode.INVALID_FILE, f"{file.name!r} has {file.size} bytes; an SVG may have {MAX_BYTES}."
        )
    document = cleaned(file.path.read_bytes(), file.name, context.limits)

    def rendered(factor: float) -> pyvips.Image:
        try:
            return pyvips.Image.svgload_buffer(document, scale=1 / factor, access="sequential", fail_on="error")
        except pyvips.Error as error:
            raise broken(file, error) from error

    return opened(file, context, rendered(1.0), rendered, orientation=UPRIGHT)


SVG = Format(
    name="svg",
    title="SVG",
    media_types=("image/svg+xml",),
    extensions=("svg",),
    kind=Picture,
    sniff=is_svg,
    open=_open,
    order=100,
)

"""What a header tells of a picture beyond its size: the facts that `picture-info` shows."""

from __future__ import annotations

import pyvips

from filemill.kinds import Facts
from filemill_image.formats.colourspace import profile_name, profile_of

_SPACES = {
    "srgb": "srgb",
    "rgb": "rgb",
    "rgb16": "srgb",
    "scrgb": "scrgb",
    "b-w": "grey",
    "grey16": "grey",
    "cmyk": "cmyk",
    "lab": "lab",
    "labs": "lab",
}
_BITS = {"uchar": 8, "char": 8, "ushort": 16, "short": 16}
MILLIMETRES_PER_INCH = 25.4


def facts_of(header: pyvips.Image, orientation: int) -> Facts:
    """Read what a header tells; what is not known is left out.

    Returns:
        `orientation`, `colourSpace`, `profile`, `bands`, `bitDepth`, `hasAlpha`, `density` (pixels an inch),
        `delays` (milliseconds), `loop`, `progressive`, `palette`, `compression`, `chromaSubsampling`.
    """
    fields = set(header.get_fields())
    profile = profile_of(header)
    facts: Facts = {
        "orientation": orientation,
        "colourSpace": _SPACES.get(header.interpretation, header.interpretation),
        "profile": (profile_name(profile) or "unnamed") if profile else None,
        "bands": header.bands,
        "bitDepth": header.get("bits-per-sample") if "bits-per-sample" in fields else _BITS.get(header.format, 32),
        "hasAlpha": bool(header.hasalpha()),
    }
    if "resolution-unit" in fields or (header.xres not in (1.0, 72 / MILLIMETRES_PER_INCH)):
        facts["density"] = round(header.xres * MILLIMETRES_PER_INCH, 2)
    if "delay" in fields and ("n-pages" in fields and header.get("n-pages") > 1):
        facts["delays"] = list(header.get("delay"))
        facts["loop"] = header.get("loop") if "loop" in fields else 0
    for field, name in (("interlaced", "progressive"), ("palette", "palette")):
        if field in fields:
            facts[name] = bool(header.get(field))
    for field, name in (("heif-compression", "compression"), ("jpeg-chroma-subsample", "chromaSubsampling")):
        if field in fields:
            facts[name] = header.get(field)
    return facts

"""The endpoints' own parameters, read and turned into steps of ours (IX-40…IX-82)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill.operation import Operation
from filemill_server.dialects.imgstax.fields import Fields
from filemill_server.dialects.imgstax.formats import (
    ALL,
    BASIC,
    JPEG,
    MOST_BYTES,
    PNG,
    QUALITY,
    SIZED,
    Format,
    canonical,
    encoding,
    read_format,
    require_sized,
)
from filemill_server.dialects.imgstax.source import Brought

Steps = Callable[[Brought], Awaitable[Sequence[Operation]]]
"""Gives the pipeline for a source."""

_FITS: Mapping[str, Mapping[str, object]] = {
    "Cover": {"fit": "cover"},
    "Contain": {"fit": "contain"},
    "FitBlurBackground": {"fit": "blur"},
    "DownscaleOnly": {"fit": "inside", "enlarge": False},
}
_GRAVITIES = {
    "Center": "center",
    "Top": "top",
    "Bottom": "bottom",
    "Left": "left",
    "Right": "right",
    "TopLeft": "top-left",
    "TopRight": "top-right",
    "BottomLeft": "bottom-left",
    "BottomRight": "bottom-right",
}
_COLOUR = re.compile(r"#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_SIDES = ("top", "right", "bottom", "left")
_COMPRESS_QUALITY = 80
_LEAST_COMPRESSED = 1024
_LEAST_SIGMA = 0.3
"""A blur below it changes no pixel by a level that is seen."""

_PICTURE = {"op": "adjust"}
"""A step that changes no pixel: what is no picture is refused by it, and not converted to one."""


def read_compress(fields: Fields) -> Steps:
    """Read `/v1/compress`."""
    asked = read_format(fields, BASIC, plain=True)
    quality = fields.whole("quality", 1, 100) or asked.quality or _COMPRESS_QUALITY
    type_ = asked.type or JPEG
    # A PNG has no quality to give up: what is left is the encoder's effort.
    return _encoded(encoding(type_, quality, priority="Quality" if type_ == PNG else "Balanced"))


def read_convert(fields: Fields) -> Steps:
    """Read `/v1/convert`."""
    asked = read_format(fields, BASIC, plain=True)
    if asked.type is None:
        raise fields.wrong("format", f"one of {', '.join(BASIC)}; it is missing")
    return _encoded(encoding(asked.type, fields.whole("quality", 1, 100) or asked.quality or QUALITY))


def read_compress_to_size(fields: Fields) -> Steps:
    """Read `/v1/compress-to-size`."""
    asked = read_format(fields, SIZED, plain=True)
    most = fields.whole("maxSizeBytes", _LEAST_COMPRESSED, MOST_BYTES)
    if most is None:
        raise fields.wrong("maxSizeBytes", f"an integer from {_LEAST_COMPRESSED} to {MOST_BYTES}; it is missing")
    return _encoded(encoding(asked.type or JPEG, None, most_bytes=most))


def read_resize(fields: Fields) -> Steps:
    """Read `/v1/resize`."""
    step, asked = _resize(fields), read_format(fields, ALL)

    async def steps(source: Brought) -> Sequence[Operation]:
        return source.pipeline({**step, "format": await _settings(asked, source)})

    return steps


def read_process(fields: Fields) -> Steps:
    """Read `/v1/process`: orientation, resize, grayscale, blur, pad, flatten, encode, in this order (IX-82)."""
    resize = fields.under("resize")
    changes = [] if resize is None else [_resize(resize)]
    changes += _effects(fields.under("effects") or Fields({}))
    asked = read_format(fields, ALL)

    async def steps(source: Brought) -> Sequence[Operation]:
        return source.pipeline(_PICTURE, *changes, {"op": "convert", "format": await _settings(asked, source)})

    return steps


def read_downsize(fields: Fields) -> Steps:
    """Read `/v1/downsize`: a cap of 0 is none, and what is within all caps stays as it is (IX-70…IX-75)."""
    widest, highest = (fields.whole(name, 0, MOST_BYTES) or None for name in ("maxWidth", "maxHeight"))
    largest = fields.whole("maxSizeBytes", 0, MOST_BYTES) or None
    if widest is None and highest is None and largest is None:
        raise invalid("/maxWidth", "At least one of maxWidth, maxHeight and maxSizeBytes must be more than 0.")
    asked = read_format(fields, ALL)
    if largest is not None and asked.type is not None:
        require_sized(asked.type, "maxSizeBytes")
    most = min((size for size in (largest, asked.target_bytes) if size is not None), default=None)
    caps = {"maxWidth": widest, "maxHeight": highest}
    step = {"op": "downsize"} | {name: min(cap, MAX_DIMENSION) for name, cap in caps.items() if cap is not None}

    async def steps(source: Brought) -> Sequence[Operation]:
        facts = await source.facts()
        within = (
            facts.width <= (widest or facts.width)
            and facts.height <= (highest or facts.height)
            and facts.size_bytes <= (most or facts.size_bytes)
        )
        own = canonical(facts.format)
        if within and own in ALL and asked.type in (None, own):
            return source.pipeline({**step, "maxSizeBytes": most, "format": {"type": facts.format}})
        type_ = asked.type or (own if own in ALL else JPEG)
        if most is not None and type_ not in SIZED:
            type_ = SIZED[facts.has_alpha]
        return source.pipeline({**step, "maxSizeBytes": most, "format": _wanted(asked, type_, most)})

    return steps


def _encoded(settings: Mapping[str, object]) -> Steps:
    async def steps(source: Brought) -> Sequence[Operation]:
        return source.pipeline(_PICTURE, {"op": "convert", "format": settings})

    return steps


async def _settings(asked: Format, source: Brought) -> Mapping[str, object]:
    """Return the encoder's settings; without a type the source's own is kept, where it is one of the four (IX-69)."""
    type_ = asked.type
    if type_ is None:
        own = canonical(await source.format())
        type_ = own if own in ALL else JPEG
        if asked.target_bytes is not None:
            require_sized(type_, "format.targetFileSizeBytes")
    return _wanted(asked, type_, asked.target_bytes)


def _wanted(asked: Format, type_: str, most_bytes: int | None) -> Mapping[str, object]:
    quality = None if asked.target_bytes is not None else asked.quality or QUALITY  # IX-67
    return encoding(type_, quality, priority=asked.priority, most_bytes=most_bytes)


def _resize(fields: Fields) -> Mapping[str, object]:
    width, height = (fields.whole(name, 1, MAX_DIMENSION) for name in ("width", "height"))
    if width is None and height is None:
        raise fields.wrong("width", f"an integer from 1 to {MAX_DIMENSION}, or height; both are missing")
    fit = fields.choice("fit", list(_FITS)) or "Cover"
    gravity = fields.choice("gravity", list(_GRAVITIES)) or "Center"
    return {"op": "resize", "width": width, "height": height, "gravity": _GRAVITIES[gravity], **_FITS[fit]}


def _effects(fields: Fields) -> Sequence[Mapping[str, object]]:
    steps: list[Mapping[str, object]] = []
    if fields.flag("grayscale"):
        steps.append({"op": "grayscale"})
    sigma = (fields.number("blurRadius", 0, 100) or 0) / 2
    if sigma >= _LEAST_SIGMA:
        steps.append({"op": "blur", "sigma": sigma})
    colour = fields.text("backgroundColor", 9)
    match = _COLOUR.fullmatch(colour) if colour is not None else None
    if colour is not None and match is None:
        raise fields.wrong("backgroundColor", "3, 6 or 8 hex digits, with or without #")
    pad = fields.under("pad") or Fields({})
    sides = {side: pad.whole(side, 0, MAX_DIMENSION) or 0 for side in _SIDES}
    # One canvas is the space around, what a `Contain` left free, and the ground under transparent parts: so the
    # colour is neither made grey nor blurred.
    if match is not None:
        steps.append({"op": "pad", **sides, "background": f"#{match[1]}"})
    elif any(sides.values()):
        steps.append({"op": "pad", **sides})
    return steps

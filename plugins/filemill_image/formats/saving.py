"""Saving: what every picture format does around its own encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips

from filemill import Context, Encoding, Picture, Priority
from filemill.errors import invalid
from filemill_image.colour import WHITE, parse
from filemill_image.formats import target_size
from filemill_image.formats.density import ASKED, WITHOUT_DENSITY
from filemill_image.formats.effort import PALETTE, SETTINGS
from filemill_image.formats.kept_metadata import kept

_LOSSLESS = {"png", "tiff", "gif"}
_CAN_BE_LOSSLESS = {"webp", "avif", "jxl", "jp2"}
_PROGRESSIVE = {"jpeg", "png", "gif"}


Encode = Callable[[pyvips.Image, dict[str, Any]], bytes]


def vips(operation: str) -> Encode:
    """Make the encoder that is an operation of libvips, such as `webpsave`."""

    def encode(image: pyvips.Image, options: dict[str, Any]) -> bytes:
        data: bytes = pyvips.Operation.call(f"{operation}_buffer", image, **options)
        return data

    return encode


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """An encoder.

    Fields:
        format: the format's name.
        encode: encodes pixels, frames stacked, into memory. Its options are those of libvips' savers.
        transparent: whether it can hold transparency.
        animated: whether it can hold more than one frame.
        largest: the longest side it can write, pixels.
        quality: the default quality; None where the format keeps every pixel.
    """

    format: str
    encode: Encode
    transparent: bool
    animated: bool
    largest: int
    quality: int | None = None


@dataclass(frozen=True)
class Plan:
    """An encode with everything decided but its quality."""

    encoder: Encoder
    options: dict[str, Any]
    priority: Priority

    def encode(self, image: pyvips.Image, **options: Any) -> bytes:
        """Encode into memory; `Q` and others override the plan."""
        return self.encoder.encode(image, self.options | options)


def saver(encoder: Encoder) -> Callable[[Picture, Path, Encoding, Context], None]:
    """Make the `save` of a format.

    Pixels are laid on a background (white) only where the format has no transparency; an animation
    loses all frames but the first only where the format has no animations. Metadata is dropped unless
    asked for; density is written where the format holds one.

    The function raises `INVALID_PARAMETER` where a side is longer than the format can hold, and
    `TARGET_UNREACHABLE` where a size was asked for that no quality reaches.
    """

    def save(picture: Picture, path: Path, encoding: Encoding, context: Context) -> None:
        image, frames = _frames(picture, encoder, context)
        _check_sides(image.width, image.height // frames, encoder)
        image = _flattened(image, encoder, encoding, context)
        plan = _plan(image, encoder, encoding, context)
        if encoding.metadata == "all":
            image, keep = kept(image)
            plan.options["keep"] = keep
        if encoding.max_size_bytes is not None:
            found = target_size.fitted(image, frames, encoder.format, plan.options, encoding, plan.encode)
            context.report(**found.decided)
            path.write_bytes(found.data)
            return
        path.write_bytes(plan.encode(image))

    return save


def _frames(picture: Picture, encoder: Encoder, context: Context) -> tuple[pyvips.Image, int]:
    image = picture.image
    if picture.frames == 1:
        return image, 1
    image = image.copy()
    if encoder.animated:
        image.set_type(pyvips.GValue.gint_type, "page-height", picture.height)
        return image, picture.frames
    context.report(
        frames=f"1 of {picture.frames}", facts={"width": picture.width, "height": picture.height, "frames": 1}
    )
    for name in ("page-height", "n-pages", "delay", "loop"):
        if image.get_typeof(name):
            image.remove(name)
    return image.crop(0, 0, picture.width, picture.height), 1


def _check_sides(width: int, height: int, encoder: Encoder) -> None:
    if max(width, height) > encoder.largest:
        raise invalid(
            "/format",
            f"{encoder.format} holds at most {encoder.largest} pixels a side; the result is {width}x{height}.",
        )


def _flattened(image: pyvips.Image, encoder: Encoder, encoding: Encoding, context: Context) -> pyvips.Image:
    if encoder.transparent or not image.hasalpha():
        return image
    colour = parse(encoding.background) if encoding.background else WHITE
    context.report(background="#{:02x}{:02x}{:02x}".format(*colour.rgb))
    return image.flatten(background=colour.rgb)


def _plan(image: pyvips.Image, encoder: Encoder, encoding: Encoding, context: Context) -> Plan:
    priority = encoding.priority or Priority.BALANCED
    options: dict[str, Any] = {"keep": "none", **SETTINGS[encoder.format][priority]}
    context.report(format=encoder.format)
    if encoder.format in WITHOUT_DENSITY and image.get_typeof(ASKED):
        context.report(density=None)
    if encoding.progressive is not None and encoder.format in _PROGRESSIVE:
        options["interlace"] = encoding.progressive
    if encoder.format == "gif":
        options["keep_duplicate_frames"] = True
    if encoding.lossless and encoder.format in _CAN_BE_LOSSLESS:
        options["lossless"] = True
        context.report(lossless=True)
    elif encoder.format == "png" and encoding.lossless is False:
        options |= PALETTE | {"Q": encoding.quality or 100}
        context.report(lossless=False, quality=options["Q"], colours=256)
    elif encoder.quality is None:
        context.report(lossless=encoder.format in _LOSSLESS)
    else:
        options["Q"] = encoding.quality or encoder.quality
        context.report(quality=options["Q"])
    return Plan(encoder, options, priority)

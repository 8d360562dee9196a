"""Formats of results: a name, or an object with the encoder's settings (IX-65…IX-69)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from filemill.errors import invalid
from filemill_server.dialects.imgstax.fields import Fields

JPEG, PNG, WEBP, AVIF = "Jpeg", "Png", "Webp", "Avif"
ALL = (JPEG, PNG, WEBP, AVIF)
BASIC = (JPEG, PNG, WEBP)
SIZED = (JPEG, WEBP)
"""Formats that have a quality, and so can be aimed at a size."""
QUALITY = 90
LEAST_BYTES = 64
"""Of a size that is aimed at; no picture has fewer."""
MOST_BYTES = 1 << 40


class Format(Struct, frozen=True, kw_only=True):
    """A wish for a format: what is absent was not said."""

    type: str | None = None
    quality: int | None = None
    priority: str = "Balanced"
    target_bytes: int | None = None


def read_format(fields: Fields, allowed: Sequence[str], *, plain: bool = False) -> Format:
    """Read the member `format`, a string or an object.

    Args:
        fields: of the request.
        allowed: the names that may stand there.
        plain: whether a string is what is documented; of an object type and quality are read then (IX-68).

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    if isinstance(fields.value("format"), str):
        return Format(type=fields.choice("format", allowed))
    wanted = fields.under("format")
    if wanted is None:
        return Format()
    type_, quality = wanted.choice("type", allowed), wanted.whole("quality", 1, 100)
    if plain:
        return Format(type=type_, quality=quality)
    target = wanted.whole("targetFileSizeBytes", LEAST_BYTES, MOST_BYTES)
    if target is not None and type_ is not None:
        require_sized(type_, "format.targetFileSizeBytes")
    return Format(
        type=type_,
        quality=quality,
        priority=wanted.choice("compressionPriority", ("Speed", "Balanced", "Quality")) or "Balanced",
        target_bytes=target,
    )


def require_sized(type_: str, name: str) -> None:
    """Refuse a size for a format that has no quality.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    if type_ not in SIZED:
        raise invalid("/" + name.replace(".", "/"), f"{name} works with {' and '.join(SIZED)} only, not with {type_}.")


def encoding(
    type_: str, quality: int | None, *, priority: str = "Balanced", most_bytes: int | None = None
) -> dict[str, object]:
    """Return the settings of the encoder; a quality goes with `SIZED` formats only, and is the highest used."""
    settings: dict[str, object] = {"type": type_.lower(), "priority": priority.lower(), "metadata": "none"}
    if quality is not None and type_ in SIZED:
        settings["quality"] = quality
    if most_bytes is not None:
        settings["maxSizeBytes"] = most_bytes
    return settings


def canonical(name: str) -> str:
    """Return a format's name as answers have it (IX-05)."""
    return name.capitalize()

"""What a pipeline wishes of the one encode at its end."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from filemill.choices import Choice

Quality = Annotated[int, Meta(ge=1, le=100, description="Quality of a lossy encoder, 1 to 100.")]
Colour = Annotated[
    str,
    Meta(
        pattern=r"^#?(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$|^[A-Za-z]+$",
        description="A CSS colour name, or hex digits RGB, RGBA, RRGGBB or RRGGBBAA, with or without `#`.",
        examples=["#ffffff"],
    ),
]
TargetBytes = Annotated[int, Meta(ge=64, le=1 << 40, description="Largest size of the result, bytes.")]


class Priority(Choice):
    """How an encoder weighs its time against the size of what it writes."""

    SPEED = "speed"
    BALANCED = "balanced"
    QUALITY = "quality"


class OnUnreachable(Choice):
    """What happens where no quality fits the size: an error, a smaller picture, or the smallest encode."""

    FAIL = "fail"
    DOWNSCALE = "downscale"
    SMALLEST = "smallest"


class Metadata(Choice):
    """Which metadata (EXIF, XMP, IPTC) a result keeps; the profile is sRGB in any case."""

    NONE = "none"
    ALL = "all"


class Encoding(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The encoder's settings. What is not given is decided by the format, and said in the report."""

    type: Annotated[str, Meta(description="Format of the result, such as `jpeg`, `webp` or `avif`.")] | None = None
    quality: Quality | None = None
    priority: Annotated[Priority, Meta(description="Encoder effort: `speed`, `balanced` or `quality`.")] | None = None
    lossless: Annotated[bool, Meta(description="Encode without loss, where the format can.")] | None = None
    progressive: Annotated[bool, Meta(description="Progressive JPEG or interlaced PNG and GIF.")] | None = None
    background: Annotated[Colour, Meta(description="Colour under transparency where the format has none.")] | None = (
        None
    )
    metadata: Annotated[Metadata, Meta(description="`all` keeps EXIF, XMP and IPTC; default `none`.")] | None = None
    max_size_bytes: TargetBytes | None = None
    on_unreachable: (
        Annotated[OnUnreachable, Meta(description="When no quality fits: `fail`, `downscale` or `smallest`.")] | None
    ) = None
    least_side: (
        Annotated[
            int,
            Meta(ge=1, le=16384, description="With `downscale`: no side gets smaller than this, pixels; default 1."),
        ]
        | None
    ) = None
    never_larger: (
        Annotated[bool, Meta(description="Keep the original bytes where encoding again would not make them fewer.")]
        | None
    ) = None

    def merge(self, later: Encoding) -> Encoding:
        """Return these settings with those of a later step laid over them."""
        given = {name: value for name, value in asdict(later).items() if value is not None}
        return replace(self, **given) if given else self


NO_WISH = Encoding()

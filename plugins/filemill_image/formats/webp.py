"""WebP, still and animated."""

from __future__ import annotations

import pyvips

from filemill import Context, File, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.saving import Encoder, saver, vips
from filemill_image.formats.stripping import stripped_webp


def _open(file: File, context: Context) -> Picture:
    header = load("webpload", file, n=-1)
    frames = header.get("n-pages") if header.get_typeof("n-pages") else 1

    def decode(factor: float) -> pyvips.Image:
        # The decoder scales each frame's rectangle by itself, which moves the parts of an animation.
        scale = 1 / factor if frames == 1 else 1.0
        return load("webpload", file, n=-1, scale=scale, access="sequential", fail_on="error")

    return opened(file, context, header, decode, frames=frames)


_ENCODER = Encoder(format="webp", encode=vips("webpsave"), transparent=True, animated=True, quality=80, largest=16383)

WEBP = Format(
    name="webp",
    title="WebP",
    media_types=("image/webp",),
    extensions=("webp",),
    kind=Picture,
    sniff=lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    open=_open,
    save=saver(_ENCODER),
    strip=stripped_webp,
    lossy=True,
)

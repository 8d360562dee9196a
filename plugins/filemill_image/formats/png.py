"""PNG."""

from __future__ import annotations

from filemill import Context, File, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.saving import Encoder, saver


def _open(file: File, context: Context) -> Picture:
    header = load("pngload", file)
    return opened(file, context, header, lambda factor: load("pngload", file, access="sequential", fail_on="error"))


_ENCODER = Encoder(format="png", saver="pngsave", transparent=True, animated=False, largest=65535)

PNG = Format(
    name="png",
    title="PNG",
    media_types=("image/png", "image/x-png"),
    extensions=("png",),
    kind=Picture,
    sniff=lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    open=_open,
    save=saver(_ENCODER),
)

"""GIF, still and animated."""

from __future__ import annotations

from filemill import Context, File, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.saving import Encoder, saver


def _open(file: File, context: Context) -> Picture:
    header = load("gifload", file, n=-1)
    return opened(
        file,
        context,
        header,
        lambda factor: load("gifload", file, n=-1, access="sequential", fail_on="error"),
        frames=header.get("n-pages"),
    )


_ENCODER = Encoder(format="gif", saver="gifsave", transparent=True, animated=True, largest=65535)

GIF = Format(
    name="gif",
    title="GIF",
    media_types=("image/gif",),
    extensions=("gif",),
    kind=Picture,
    sniff=lambda head: head[:6] in (b"GIF87a", b"GIF89a"),
    open=_open,
    save=saver(_ENCODER),
)

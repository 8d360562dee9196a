"""TIFF, of one page or many."""

from __future__ import annotations

import pyvips

from filemill import Context, File, FilemillError, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.saving import Encoder, saver, vips


def _open(file: File, context: Context) -> Picture:
    """Open all pages where they are of one size and kind; else (a pyramid, a preview) the first page alone."""
    first = load("tiffload", file)
    pages = first.get("n-pages") if first.get_typeof("n-pages") else 1
    header, frames = _all_pages(file) if pages > 1 else (first, 1)
    if frames < pages:
        context.report(pages=f"1 of {pages}: they differ in size or kind")

    def decode(factor: float) -> pyvips.Image:
        count = -1 if frames > 1 else 1
        return load("tiffload", file, n=count, access="sequential", fail_on="error")

    return opened(file, context, header, decode, frames=frames, known={"pages": pages})


def _all_pages(file: File) -> tuple[pyvips.Image, int]:
    try:
        header = load("tiffload", file, n=-1)
    except FilemillError:
        return load("tiffload", file), 1
    return header, header.get("n-pages")


_ENCODER = Encoder(format="tiff", encode=vips("tiffsave"), transparent=True, animated=True, largest=65535)

TIFF = Format(
    name="tiff",
    title="TIFF",
    media_types=("image/tiff", "image/tiff-fx"),
    extensions=("tif", "tiff"),
    kind=Picture,
    sniff=lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    open=_open,
    save=saver(_ENCODER),
)

"""GIF, still and animated."""

from __future__ import annotations

from pathlib import Path

from filemill import Context, Encoding, File, Format, Picture
from filemill_image.formats.opening import load, opened
from filemill_image.formats.saving import Encoder, saver, vips


def _open(file: File, context: Context) -> Picture:
    header = load("gifload", file, n=-1)
    return opened(
        file,
        context,
        header,
        lambda factor: load("gifload", file, n=-1, access="sequential", fail_on="error"),
        frames=header.get("n-pages"),
    )


_OPAQUE_FROM = 128
"""A GIF has no alpha but this: what has less is clear."""
_ENCODER = Encoder(format="gif", encode=vips("gifsave"), transparent=True, animated=True, largest=65535)
_write = saver(_ENCODER)


def _save(picture: Picture, path: Path, encoding: Encoding, context: Context) -> None:
    """Write a picture; its later frames keep their transparency."""
    _write(_with_clear_pixel(picture), path, encoding, context)


def _with_clear_pixel(picture: Picture) -> Picture:
    """Return an animation of which the first frame has a clear pixel, in its last corner, where a later one has any.

    libvips fills the clear pixels of later frames with a colour where the first frame has none (8.18).
    """
    if picture.frames == 1 or not picture.transparent:
        return picture
    picture.settle()
    first, *others = picture.pages()
    alpha = first.bands - 1
    if first.extract_band(alpha).min() < _OPAQUE_FROM or all(
        other.extract_band(alpha).min() >= _OPAQUE_FROM for other in others
    ):
        return picture
    clear = first.crop(first.width - 1, first.height - 1, 1, 1) * 0
    changed = first.insert(clear.cast("uchar"), first.width - 1, first.height - 1)
    return picture.with_pages([changed, *others])


GIF = Format(
    name="gif",
    title="GIF",
    media_types=("image/gif",),
    extensions=("gif",),
    kind=Picture,
    sniff=lambda head: head[:6] in (b"GIF87a", b"GIF89a"),
    open=_open,
    save=_save,
    lossy=True,
)

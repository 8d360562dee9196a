"""Operations that say how the result is encoded."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Context, Encoding, File, OnUnreachable, Picture, PictureOperation, Priority
from filemill.encoding import TargetBytes
from filemill_image.formats.density import DENSE_FORMATS, with_density
from filemill_image.formats.header_facts import MILLIMETRES_PER_INCH
from filemill_image.formats.kept_metadata import without_metadata
from filemill_image.formats.stripping import STRIPPERS

LOSSY_FORMATS = frozenset({"jpeg", "webp", "avif", "jxl", "jp2"})
"""Formats whose size a quality decides."""

_Priority = Annotated[Priority, Meta(description="Encoder effort: `speed`, `balanced` (default) or `quality`.")]


class Compress(PictureOperation, frozen=True, kw_only=True, tag="compress"):
    """Encode a picture in fewer bytes, at quality 80 unless another is given.

    The format stays as it is unless one is given; the result is then never larger than the source. A
    PNG is reduced to at most 256 colours; for one without loss use `convert`.
    """

    priority: _Priority | None = None

    def encoding(self) -> Encoding:
        """Wish for a lossy encode that does not grow."""
        asked = Encoding(quality=80, lossless=False, never_larger=True, priority=self.priority)
        return asked.merge(super().encoding())

    def run(self, picture: Picture, context: Context) -> Picture:
        """Leave the pixels as they are."""
        return picture


class CompressToSize(PictureOperation, frozen=True, kw_only=True, tag="compress-to-size"):
    """Encode a picture at the best quality that fits a number of bytes.

    A file that is within the size already stays as it is. Without `format`, a picture from a format
    without loss becomes a JPEG, or a WebP where it is transparent or animated. The report tells quality,
    scale and how many encodes it took.
    """

    max_size_bytes: TargetBytes
    on_unreachable: Annotated[
        OnUnreachable,
        Meta(
            description="When no quality fits: `fail` (an error with the smallest size), `downscale` (a smaller"
            " picture), or `smallest` (the smallest encode, though it is over)."
        ),
    ] = OnUnreachable.FAIL
    priority: _Priority | None = None

    def encoding(self) -> Encoding:
        """Wish for the size."""
        asked = Encoding(max_size_bytes=self.max_size_bytes, on_unreachable=self.on_unreachable, priority=self.priority)
        return super().encoding().merge(asked)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Leave the pixels as they are; choose a format that can be aimed where none is given."""
        return picture if self.encoding().type else sized(picture, self.max_size_bytes)


class StripMetadata(PictureOperation, frozen=True, kw_only=True, tag="strip-metadata"):
    """Remove EXIF (with the place a photo was taken), XMP, IPTC and comments.

    JPEG, PNG and WebP files keep their pixels byte by byte, and their colour profile; where EXIF says that
    the picture has to be turned, and in other formats, the picture is encoded again, upright.
    """

    def run(self, picture: Picture, context: Context) -> Picture:
        """Strip the file itself where that is possible, else the picture."""
        file = picture.source
        if file is None or file.format not in STRIPPERS or picture.known.get("orientation", 1) != 1:
            context.report(reencoded=True)
            return _changed(picture, without_metadata)
        _checked(picture)
        context.report(reencoded=False)
        return _rewritten(file, STRIPPERS[file.format](file.path.read_bytes()), context)


class SetDensity(PictureOperation, frozen=True, kw_only=True, tag="set-density"):
    """Set how many pixels an inch of a print has; no pixel changes.

    JPEG and PNG files are changed without encoding them again. JPEG XL and JPEG 2000 are
    written without, GIF, WebP and AVIF have no place for it: the report of the encode then says `density: null`.
    """

    dpi: Annotated[int, Meta(ge=1, le=65535, description="Pixels an inch.")]

    def run(self, picture: Picture, context: Context) -> Picture:
        """Write the density into the file itself where that is possible, else into the picture."""
        context.report(density=self.dpi)
        file = picture.source
        if file is not None and file.format in DENSE_FORMATS:
            _checked(picture)
            picture = _rewritten(file, DENSE_FORMATS[file.format](file.path.read_bytes(), self.dpi), context)
            file = picture.source
        else:
            file = None
        return _changed(picture, lambda image: with_density(image, self.dpi / MILLIMETRES_PER_INCH), file)


def sized(picture: Picture, size: int) -> Picture:
    """Return a picture with a format whose size can be aimed at, unless its file fits a size as it is."""
    if picture.format in LOSSY_FORMATS or (picture.source is not None and picture.source.size <= size):
        return picture
    chosen = copy(picture)
    chosen.format = "webp" if picture.transparent or picture.frames > 1 else "jpeg"
    return chosen


def _changed(picture: Picture, change: Callable[[pyvips.Image], pyvips.Image], source: File | None = None) -> Picture:
    """Return a picture whose pixels, whenever they are loaded, go through a change that keeps their size.

    `source` is the file that already is the changed picture, where there is one.
    """
    return Picture(
        lambda factor: change(picture.reduced(factor)),
        width=picture.width,
        height=picture.height,
        frames=picture.frames,
        transparent=picture.transparent,
        format=picture.format,
        source=source,
        known=lambda: picture.known if source else {},
    )


def _checked(picture: Picture) -> None:
    """Decode a picture whose file is passed on, as small as possible: a broken one must not go through."""
    picture.reduced(8.0).avg()


def _rewritten(file: File, data: bytes, context: Context) -> Picture:
    """Return the picture of a file that was changed without encoding it again."""
    path = context.path(file.path.suffix.removeprefix(".") or file.format)
    path.write_bytes(data)
    return context.open(File(path, file.name, file.format, len(data)), Picture)


OPERATIONS = (Compress, CompressToSize, StripMetadata, SetDensity)

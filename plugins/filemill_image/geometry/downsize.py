"""The operation `downsize`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Encoding, OnUnreachable, Picture, PictureOperation
from filemill.encoding import TargetBytes
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_image.geometry.scaling import scaled
from filemill_image.geometry.sizes import Size

_SIZEABLE = frozenset({"jpeg", "webp", "avif"})
"""Formats whose quality can be lowered until a picture fits; others are changed for a byte limit."""

MaxWidth = Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Largest width, pixels.", examples=[1920])]
MaxHeight = Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Largest height, pixels.", examples=[1080])]


class Downsize(PictureOperation, frozen=True, kw_only=True, tag="downsize"):
    """Make a picture fit limits of width, height and bytes, and never enlarge it.

    A file that is within all limits already comes back byte for byte. Dimensions are reduced first,
    keeping the ratio; then the quality is lowered until the bytes fit. The format stays, unless bytes
    are limited and the format can't give up quality: then it becomes JPEG, or WebP where there is
    transparency or animation, if no format is named.
    """

    max_width: MaxWidth | None = None
    max_height: MaxHeight | None = None
    max_size_bytes: TargetBytes | None = None
    on_unreachable: (
        Annotated[OnUnreachable, Meta(description="When no quality fits: `fail`, `downscale` or `smallest`.")] | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a step without any limit."""
        if self.max_width is None and self.max_height is None and self.max_size_bytes is None:
            raise invalid("/maxWidth", "Give at least one of 'maxWidth', 'maxHeight' and 'maxSizeBytes'.")

    def encoding(self) -> Encoding:
        """Return the wish for the encoder, with the limit of bytes."""
        limit = Encoding(max_size_bytes=self.max_size_bytes, on_unreachable=self.on_unreachable)
        return super().encoding().merge(limit)

    def reduction(self, picture: Picture) -> float:
        """Return how far the picture may be reduced on load."""
        return Size(picture.width, picture.height).reduction_to(self._size(picture))

    def run(self, picture: Picture, context: Context) -> Picture:
        """Scale every frame where the picture is too large; else return the picture itself."""
        size = self._size(picture)
        factor = self.reduction(picture)
        if size != (picture.width, picture.height):
            made = picture.map(lambda page: scaled(page, size), factor)
        elif self._fits(picture):
            return picture
        else:
            made = picture.map(lambda page: page)
        if self.encoding().type is None and self.max_size_bytes is not None and picture.format not in _SIZEABLE:
            made.format = "webp" if picture.transparent or picture.frames > 1 else "jpeg"
        return made

    def _size(self, picture: Picture) -> Size:
        source = Size(picture.width, picture.height)
        box = Size(self.max_width or source.width, self.max_height or source.height)
        return source.inside(box, enlarge=False)

    def _fits(self, picture: Picture) -> bool:
        """Whether the file as it is meets the limit of bytes, or its encoder will see to it."""
        if self.max_size_bytes is None or picture.format in _SIZEABLE:
            return True
        return picture.source is not None and picture.source.size <= self.max_size_bytes

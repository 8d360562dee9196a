"""The operation `resize-video`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Choice, Context
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_media.containers import container_of
from filemill_media.media import Media
from filemill_media.operations.base import MediaOperation
from filemill_media.transcoding import Recipe, transcoded

_Side = Annotated[int, Meta(ge=2, le=MAX_DIMENSION, examples=[64])]


class VideoFit(Choice):
    """How a video meets a box of another ratio."""

    INSIDE = "inside"
    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"


class ResizeVideo(MediaOperation, frozen=True, kw_only=True, tag="resize-video"):
    """Resize a video; its sound stays.

    One dimension alone keeps the ratio. With both, `fit` decides: `inside` (default) gives the largest video within
    them; `cover` fills them and crops what is over; `contain` fits the whole video in, on black; `fill` stretches.
    Sides are even numbers: an odd one becomes the next lower. Pixels of the result are square.
    """

    width: Annotated[_Side, Meta(description="Width, pixels.")] | None = None
    height: Annotated[_Side, Meta(description="Height, pixels.")] | None = None
    fit: Annotated[VideoFit, Meta(description="How the video meets width and height.")] = VideoFit.INSIDE

    def __post_init__(self) -> None:
        """Refuse a box without sides."""
        if self.width is None and self.height is None:
            raise invalid("/width", "A resize needs 'width', 'height' or both.")

    def run(self, media: Media, context: Context) -> Media:
        """Resize every frame."""
        scaled, box = self._plan(*media.required_video().shown)
        limits = context.limits
        for pointer, side in (("/width", box[0]), ("/height", box[1])):
            if side > limits.max_dimension or box[0] * box[1] > limits.max_pixels:
                raise invalid(
                    pointer,
                    f"The video would have {box[0]}x{box[1]} pixels; no side may have more than"
                    f" {limits.max_dimension}, a frame no more than {limits.pixels}.",
                )
        filters = [f"scale={scaled[0]}:{scaled[1]}:flags=bicubic", "setsar=1"]
        if self.fit is VideoFit.COVER and scaled != box:
            filters.append(f"crop={box[0]}:{box[1]}")
        elif scaled != box:
            filters.append(f"pad={box[0]}:{box[1]}:(ow-iw)/2:(oh-ih)/2")
        recipe = Recipe(container=container_of(media.file), filters=filters)
        return transcoded(media, recipe, context, note="resize")

    def _plan(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the size the whole video is scaled to, and the size of the result."""
        across = (self.width or 0) / width
        down = (self.height or 0) / height
        if self.width is None or self.height is None:
            scaled = _even(width * (across or down), height * (across or down))
            return scaled, scaled
        box = _even(self.width, self.height)
        if self.fit is VideoFit.FILL:
            return box, box
        scale = max(across, down) if self.fit is VideoFit.COVER else min(across, down)
        scaled = _even(width * scale, height * scale)
        if self.fit is VideoFit.COVER:
            return (max(scaled[0], box[0]), max(scaled[1], box[1])), box
        scaled = (min(scaled[0], box[0]), min(scaled[1], box[1]))
        return scaled, box if self.fit is VideoFit.CONTAIN else scaled


def _even(width: float, height: float) -> tuple[int, int]:
    return max(2, int(width + 0.01) // 2 * 2), max(2, int(height + 0.01) // 2 * 2)

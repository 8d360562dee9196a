"""The operation `video-thumbnail`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Missing, Picture, PictureOperation
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_media import programs
from filemill_media.frames import frame, size, tiles
from filemill_media.media import Media
from filemill_media.times import Time, seconds

_DEFAULT = "10%"
_MOST_FRAMES = 100


class VideoThumbnail(PictureOperation, frozen=True, kw_only=True, tag="video-thumbnail"):
    """Take a frame of a video as a picture, or several as a strip or as tiles.

    `time` is seconds (`12.5`), `1:02:03.5`, or a share of the video (`50%`). With `count` frames are taken from the
    middles of so many equal parts of it, in rows of `columns`; a single row is a strip.
    """

    time: Annotated[Time, Meta(description="Where the frame is taken. Default: `10%`.")] | None = None
    count: Annotated[int, Meta(ge=1, le=_MOST_FRAMES, description="How many frames, in place of `time`.")] | None = None
    columns: Annotated[int, Meta(ge=1, le=_MOST_FRAMES, description="Frames in a row. Default: all.")] | None = None
    width: (
        Annotated[int, Meta(ge=1, le=MAX_DIMENSION, description="Width of each frame, pixels.", examples=[160])] | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a time of several, and rows of one."""
        if self.time is not None and self.count is not None:
            raise invalid("/time", "Give one of 'time' and 'count'.")
        if self.columns is not None and self.count is None:
            raise invalid("/columns", "'columns' arranges several frames: give 'count' as well.")

    @classmethod
    def missing(cls) -> Missing | None:
        """Without FFmpeg nothing can be done."""
        return programs.missing()

    def run(self, media: Media, context: Context) -> Picture:
        """Take the frames."""
        width, height = size(media.required_video(), self.width)
        count = self.count or 1
        columns = min(self.columns or count, count)
        rows = -(-count // columns)
        limits = context.limits
        if max(width * columns, height * rows) > limits.max_dimension or (
            width * columns * height * rows > limits.max_pixels
        ):
            raise invalid(
                "/width",
                f"The picture would have {width * columns}x{height * rows} pixels; no side may have more than"
                f" {limits.max_dimension}, all together no more than {limits.pixels}.",
            )
        if self.count is not None:
            whole = media.required_duration()
            moments = [whole * (number + 0.5) / count for number in range(count)]
            return Picture.of(tiles(media, moments, columns, width, context))
        return Picture.of(frame(media, self._moment(media), self.width, context))

    def _moment(self, media: Media) -> float:
        try:
            moment = seconds(_DEFAULT if self.time is None else self.time, media.duration)
        except ValueError:
            if self.time is None:
                return 0.0
            raise invalid("/time", f"{media.file.name!r} has no duration; give the time in seconds.") from None
        if media.duration is not None and moment > media.duration:
            raise invalid("/time", f"{media.file.name!r} lasts {media.duration:g} s; there is nothing at {moment:g} s.")
        return moment

"""The operation `compress-media`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context
from filemill.encoding import Quality, TargetBytes
from filemill.errors import invalid
from filemill_media.conversions import smaller
from filemill_media.encoders import SMALLER_QUALITY
from filemill_media.media import Media
from filemill_media.operations.base import MediaOperation
from filemill_media.target_size import fitted


class CompressMedia(MediaOperation, frozen=True, kw_only=True, tag="compress-media"):
    """Encode video or sound in fewer bytes, in the format it has.

    With `maxSizeBytes` the result has at most so many: video is encoded in two passes. A file that is within the
    size stays as it is. Without, `quality` decides, and a file that would not get smaller stays as it is. The
    picture keeps its size: put a `resize-video` before it where few bytes are wanted of a large one.
    """

    max_size_bytes: TargetBytes | None = None
    quality: (
        Annotated[Quality, Meta(description="Quality, 1 to 100, in place of a size. Default: 65.", examples=[50])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a size and a quality at once."""
        if self.max_size_bytes is not None and self.quality is not None:
            raise invalid("/quality", "Give one of 'maxSizeBytes' and 'quality'.")

    def run(self, media: Media, context: Context) -> Media:
        """Compress it."""
        if self.max_size_bytes is not None:
            return fitted(media, self.max_size_bytes, context)
        made = smaller(media, self.quality or SMALLER_QUALITY, context)
        return made if made.file.size < media.file.size else media

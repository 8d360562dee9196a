"""The operation `media-info`."""

from __future__ import annotations

from filemill import Context, Data
from filemill_media.media import Media
from filemill_media.operations.base import MediaOperation


class MediaInfo(MediaOperation, frozen=True, kw_only=True, tag="media-info"):
    """Tell what is known of video or sound: duration, size, frame rate, codecs of all streams, metadata.

    `streams` holds of each its `kind` (`video`, `audio`, `cover`, `subtitle`, `other`) and `codec`, and `width`,
    `height`, `frameRate`, `rotation`, `channels`, `sampleRate`, `bitRate`, `language` where it has them. `width`
    and `height` beside it are those of the upright picture. `metadata` is what the file says of itself in words.
    """

    def run(self, media: Media, context: Context) -> Data:
        """Gather the facts."""
        file = media.file
        return Data({"format": file.format, "sizeBytes": file.size, **media.facts, "metadata": {**media.tags}})

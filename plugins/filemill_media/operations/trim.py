"""The operation `trim-media`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context
from filemill.errors import invalid
from filemill_media.containers import container_of
from filemill_media.media import Media
from filemill_media.operations.base import MediaOperation
from filemill_media.times import Time, seconds
from filemill_media.transcoding import Cut, Recipe, transcoded

_SEAMLESS = ("-avoid_negative_ts", "make_zero")


class TrimMedia(MediaOperation, frozen=True, kw_only=True, tag="trim-media"):
    """Keep a part of video or sound.

    Times are seconds (`12.5`), `1:02:03.5`, or a share of the whole (`50%`). The part is exact, as it is encoded
    again; with `copy` it is not, which is fast and loses nothing, and a video then begins at the key frame before.
    """

    start: Annotated[Time, Meta(description="Where it begins. Default: the beginning.")] = 0.0
    end: Annotated[Time, Meta(description="Where it ends. Default: the end.")] | None = None
    duration: Annotated[Time, Meta(description="How long it is, in place of `end`.")] | None = None
    copy: Annotated[bool, Meta(description="Whether streams are copied and not encoded again.")] = False

    def __post_init__(self) -> None:
        """Refuse an end and a duration at once."""
        if self.end is not None and self.duration is not None:
            raise invalid("/duration", "Give one of 'end' and 'duration'.")

    def run(self, media: Media, context: Context) -> Media:
        """Cut it."""
        whole = media.required_duration()
        start = seconds(self.start, whole)
        end = whole
        if self.duration is not None:
            end = min(whole, start + seconds(self.duration, whole))
        elif self.end is not None:
            end = min(whole, seconds(self.end, whole))
        if start >= whole:
            raise invalid("/start", f"It starts at {start:g} s; {media.file.name!r} lasts {whole:g} s.")
        if end <= start:
            raise invalid(
                "/duration" if self.end is None else "/end", f"It ends at {end:g} s and starts at {start:g} s."
            )
        container = container_of(media.file)
        cut = Cut(start, end - start, decoded=container.video is None and not self.copy)
        recipe = Recipe(
            container=container,
            cut=cut,
            keep_video=False,
            keep_audio=False,
            as_is=self.copy,
            options=_SEAMLESS if self.copy else (),
        )
        return transcoded(media, recipe, context, note="trim")

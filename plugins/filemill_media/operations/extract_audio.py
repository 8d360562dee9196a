"""The operation `extract-audio`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Choice, Context
from filemill_media.containers import AUDIO, CONTAINERS
from filemill_media.media import Media, Stream
from filemill_media.operations.base import MediaOperation
from filemill_media.transcoding import Recipe, transcoded


class AudioFormat(Choice):
    """A format of sound."""

    MP3 = "mp3"
    M4A = "m4a"
    AAC = "aac"
    OGG = "ogg"
    OPUS = "opus"
    FLAC = "flac"
    WAV = "wav"


_HOMES = {codec: name for name in reversed(AUDIO) for codec in CONTAINERS[name].audio_kept} | {"aac": "m4a"}
"""The format of each codec that can be taken out as it is."""


class ExtractAudio(MediaOperation, frozen=True, kw_only=True, tag="extract-audio"):
    """Take the sound out of a video, its first stream.

    Without `format` it is taken out as it is, not encoded again: AAC as M4A, Opus as Opus, Vorbis as Ogg, MP3 as
    MP3, FLAC as FLAC, samples that are not coded as WAV; any other becomes M4A. With one, it is encoded where it
    is of another codec.
    """

    format: Annotated[AudioFormat, Meta(description="Format of the result.")] | None = None

    def run(self, media: Media, context: Context) -> Media:
        """Take it out."""
        name = _home(media.required_sound()) if self.format is None else self.format.value
        return transcoded(media, Recipe(container=CONTAINERS[name]), context, note=name)


def _home(stream: Stream) -> str:
    return "wav" if stream.codec.startswith("pcm_") else _HOMES.get(stream.codec, "m4a")

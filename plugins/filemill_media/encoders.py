"""Encoders of FFmpeg and their settings: by a quality of 1 to 100, or by a bit rate."""

from __future__ import annotations

from dataclasses import dataclass

from filemill_media.media import Stream

QUALITY = 80
"""What a change of format is encoded with: x264 at CRF 23, VP9 at 31, 64 kbit/s of AAC a channel."""
SMALLER_QUALITY = 65
"""What a file of the same format is made smaller with: x264 at CRF 28."""

_ENCODERS = {
    "h264": ("libx264", "-preset", "medium", "-pix_fmt", "yuv420p"),
    "vp9": ("libvpx-vp9", "-deadline", "good", "-cpu-used", "4", "-row-mt", "1", "-pix_fmt", "yuv420p"),
    "mpeg4": ("mpeg4", "-vtag", "xvid", "-pix_fmt", "yuv420p"),
    "aac": ("aac",),
    "mp3": ("libmp3lame",),
    "opus": ("libopus",),
    "vorbis": ("libvorbis",),
    "flac": ("flac", "-compression_level:a", "8"),
}
_WIDE_BITS = 16
"""Bits of a sample above which 24 are written."""
_MOST_CHANNELS = 8
_MOST_SMALL_CHANNELS = 2
_RATES = ((40_000, 48_000), (16_000, 24_000), (0, 8_000))
"""Bits a second of a channel, and the most samples a second with them; all encoders take these."""
_OPUS_LAYOUTS = ["-filter:a", "aformat=channel_layouts=mono|stereo|quad|5.1|6.1|7.1"]
"""libopus knows no others, such as the `5.1(side)` of AC-3; FFmpeg maps them to the nearest."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a stream is to lose: by quality, or by bits a second (of sound: of a channel) where those are given."""

    quality: int = QUALITY
    bits: int | None = None


def video_arguments(codec: str, effort: Effort) -> list[str]:
    """Return the encoder of a video and its settings."""
    quality = effort.quality
    if effort.bits is not None:
        wanted = ["-b:v", str(effort.bits)]
    elif codec == "h264":
        wanted = ["-crf", str(round(51 - 0.35 * quality))]
    elif codec == "vp9":
        wanted = ["-crf", str(round(63 - 0.4 * quality)), "-b:v", "0"]
    else:
        wanted = ["-q:v", str(max(2, round(31 - 0.33 * quality)))]
    return ["-c:v", *_ENCODERS[codec], *wanted]


def audio_arguments(codec: str, stream: Stream, effort: Effort) -> list[str]:
    """Return the encoder of a stream of sound and its settings; the name of each option ends with `:a`."""
    if codec == "pcm":
        return ["-c:a", "pcm_s24le" if stream.bits > _WIDE_BITS else "pcm_s16le"]
    most = _MOST_CHANNELS if effort.bits is None else _MOST_SMALL_CHANNELS
    channels = min(stream.channels, most)
    fewer = [] if channels == stream.channels else ["-ac:a", "2"]
    return ["-c:a", *_ENCODERS[codec], *_wanted(codec, stream, channels, effort), *fewer]


def _wanted(codec: str, stream: Stream, channels: int, effort: Effort) -> list[str]:
    layouts = _OPUS_LAYOUTS if codec == "opus" else []
    if codec == "flac":
        # What decodes to floating point would else become 24 bits of noise.
        return ["-sample_fmt:a", "s32" if stream.bits > _WIDE_BITS else "s16"]
    if effort.bits is not None:
        return ["-b:a", str(effort.bits * channels), *_rate(stream, effort.bits), *layouts]
    if codec == "mp3":
        return ["-q:a", str(min(9, round((100 - effort.quality) / 10)))]
    if codec == "vorbis":
        return ["-q:a", str(round(effort.quality / 16, 1))]
    return ["-b:a", str(max(8, round(0.8 * effort.quality)) * 1000 * channels), *layouts]


def _rate(stream: Stream, bits: int) -> list[str]:
    """Return the samples a second that so many bits a channel are enough for, as the encoders demand."""
    most = next(hertz for least, hertz in _RATES if bits >= least)
    return ["-ar:a", str(most)] if stream.sample_rate > most else []

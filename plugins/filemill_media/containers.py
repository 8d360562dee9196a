"""The formats that are read and written: how FFmpeg calls them, and which codecs are at home in them."""

from __future__ import annotations

from dataclasses import dataclass

from filemill import File

_MP4_FLAGS = ("-movflags", "+faststart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A format as FFmpeg knows it.

    Fields:
        name: of the format.
        demuxer, muxer: FFmpeg's names for reading and writing it.
        video: the codec that video is encoded with; None: it holds sound alone.
        audio: the codec that sound is encoded with.
        video_kept, audio_kept: codecs of streams that may be copied into it, as every player of it knows them.
        turns: whether it can say that a video has to be turned.
        flags: further options of the muxer.
    """

    name: str
    demuxer: str
    muxer: str
    video: str | None = None
    audio: str
    video_kept: tuple[str, ...] = ()
    audio_kept: tuple[str, ...] = ()
    turns: bool = False
    flags: tuple[str, ...] = ()


_ALL = (
    Container(
        name="mp4",
        demuxer="mov",
        muxer="mp4",
        video="h264",
        audio="aac",
        video_kept=("h264",),
        audio_kept=("aac",),
        turns=True,
        flags=_MP4_FLAGS,
    ),
    Container(
        name="mov",
        demuxer="mov",
        muxer="mov",
        video="h264",
        audio="aac",
        video_kept=("h264", "hevc"),
        audio_kept=("aac",),
        turns=True,
        flags=_MP4_FLAGS,
    ),
    Container(
        name="mkv",
        demuxer="matroska",
        muxer="matroska",
        video="h264",
        audio="aac",
        video_kept=("h264", "hevc", "vp8", "vp9", "av1"),
        audio_kept=("aac", "mp3", "opus", "vorbis", "flac", "ac3", "eac3"),
    ),
    Container(
        name="webm",
        demuxer="matroska",
        muxer="webm",
        video="vp9",
        audio="opus",
        video_kept=("vp8", "vp9", "av1"),
        audio_kept=("opus", "vorbis"),
    ),
    Container(name="avi", demuxer="avi", muxer="avi", video="mpeg4", audio="mp3", audio_kept=("mp3",)),
    Container(name="mp3", demuxer="mp3", muxer="mp3", audio="mp3", audio_kept=("mp3",)),
    Container(name="m4a", demuxer="mov", muxer="ipod", audio="aac", audio_kept=("aac",), flags=_MP4_FLAGS),
    Container(name="aac", demuxer="aac", muxer="adts", audio="aac", audio_kept=("aac",)),
    Container(name="ogg", demuxer="ogg", muxer="ogg", audio="vorbis", audio_kept=("vorbis",)),
    Container(name="opus", demuxer="ogg", muxer="opus", audio="opus", audio_kept=("opus",)),
    Container(name="flac", demuxer="flac", muxer="flac", audio="flac", audio_kept=("flac",)),
    Container(name="wav", demuxer="wav", muxer="wav", audio="pcm", flags=("-rf64", "auto")),
)
CONTAINERS = {container.name: container for container in _ALL}
_DEMUXERS = {container.name: container.demuxer for container in _ALL} | {"gif": "gif"}

VIDEO = tuple(container.name for container in _ALL if container.video is not None)
AUDIO = tuple(container.name for container in _ALL if container.video is None)
LOSSLESS = ("flac", "wav")
"""Formats that hold every sample as it is."""


def container_of(file: File) -> Container:
    """Return the container of a file of a format that is ours."""
    return CONTAINERS[file.format]


def demuxer_of(file: File) -> str:
    """Return what FFmpeg calls the format of a file that it reads."""
    return _DEMUXERS[file.format]

"""The formats of video and sound."""

from __future__ import annotations

from filemill import Context, File, Format
from filemill_media.containers import demuxer_of
from filemill_media.media import Media
from filemill_media.mpeg_audio import has_flac, is_adts, is_mp3, starts_like_audio
from filemill_media.probing import probe
from filemill_media.sniffing import is_ebml, is_m4a, is_mov, is_mp4, is_ogg, is_riff

_AFTER_TAGS = 10
"""Order of those that are looked for behind tags ID3."""


def _open(file: File, context: Context) -> Media:
    return probe(file, demuxer_of(file), context)


MP4 = Format(
    name="mp4",
    title="MP4",
    media_types=("video/mp4", "video/x-m4v"),
    extensions=("mp4", "m4v"),
    kind=Media,
    sniff=is_mp4,
    open=_open,
)
WEBM = Format(
    name="webm",
    title="WebM",
    media_types=("video/webm", "audio/webm"),
    extensions=("webm",),
    kind=Media,
    sniff=is_ebml(b"webm"),
    open=_open,
)
MKV = Format(
    name="mkv",
    title="Matroska",
    media_types=("video/x-matroska", "video/matroska", "audio/x-matroska", "audio/matroska"),
    extensions=("mkv", "mka"),
    kind=Media,
    sniff=is_ebml(b"matroska"),
    open=_open,
)
MOV = Format(
    name="mov",
    title="QuickTime",
    media_types=("video/quicktime",),
    extensions=("mov", "qt"),
    kind=Media,
    sniff=is_mov,
    open=_open,
)
AVI = Format(
    name="avi",
    title="AVI",
    media_types=("video/x-msvideo", "video/avi", "video/vnd.avi"),
    extensions=("avi",),
    kind=Media,
    sniff=is_riff(b"AVI "),
    open=_open,
)
MP3 = Format(
    name="mp3",
    title="MP3",
    media_types=("audio/mpeg", "audio/mp3"),
    extensions=("mp3",),
    kind=Media,
    sniff=starts_like_audio,
    look=is_mp3,
    open=_open,
    order=_AFTER_TAGS,
)
M4A = Format(
    name="m4a",
    title="MPEG-4 audio",
    media_types=("audio/mp4", "audio/x-m4a"),
    extensions=("m4a", "m4b"),
    kind=Media,
    sniff=is_m4a,
    open=_open,
)
AAC = Format(
    name="aac",
    title="AAC",
    media_types=("audio/aac", "audio/aacp"),
    extensions=("aac", "adts"),
    kind=Media,
    sniff=starts_like_audio,
    look=is_adts,
    open=_open,
    order=_AFTER_TAGS,
)
OGG = Format(
    name="ogg",
    title="Ogg Vorbis",
    media_types=("audio/ogg", "application/ogg"),
    extensions=("ogg", "oga"),
    kind=Media,
    sniff=is_ogg(b"\x01vorbis", b"\x7fFLAC", b"Speex   "),
    open=_open,
)
OPUS = Format(
    name="opus",
    title="Opus",
    media_types=("audio/opus",),
    extensions=("opus",),
    kind=Media,
    sniff=is_ogg(b"OpusHead"),
    open=_open,
)
FLAC = Format(
    name="flac",
    title="FLAC",
    media_types=("audio/flac", "audio/x-flac"),
    extensions=("flac",),
    kind=Media,
    sniff=lambda head: head[:4] == b"fLaC" or head[:3] == b"ID3",
    look=has_flac,
    open=_open,
    order=_AFTER_TAGS,
)
WAV = Format(
    name="wav",
    title="WAV",
    media_types=("audio/wav", "audio/x-wav", "audio/vnd.wave", "audio/wave"),
    extensions=("wav", "wave"),
    kind=Media,
    sniff=is_riff(b"WAVE"),
    open=_open,
)
FORMATS = (MP4, WEBM, MKV, MOV, AVI, MP3, M4A, AAC, OGG, OPUS, FLAC, WAV)
"""Every format, the most usual first."""

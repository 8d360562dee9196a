"""The formats of video and sound."""

from __future__ import annotations

from functools import partial

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


_media = partial(Format, kind=Media, open=_open)

MP4 = _media(
    name="mp4",
    title="MP4",
    media_types=("video/mp4", "video/x-m4v"),
    extensions=("mp4", "m4v"),
    sniff=is_mp4,
)
WEBM = _media(
    name="webm",
    title="WebM",
    media_types=("video/webm", "audio/webm"),
    extensions=("webm",),
    sniff=is_ebml(b"webm"),
)
MKV = _media(
    name="mkv",
    title="Matroska",
    media_types=("video/x-matroska", "video/matroska", "audio/x-matroska", "audio/matroska"),
    extensions=("mkv", "mka"),
    sniff=is_ebml(b"matroska"),
)
MOV = _media(
    name="mov",
    title="QuickTime",
    media_types=("video/quicktime",),
    extensions=("mov", "qt"),
    sniff=is_mov,
)
AVI = _media(
    name="avi",
    title="AVI",
    media_types=("video/x-msvideo", "video/avi", "video/vnd.avi"),
    extensions=("avi",),
    sniff=is_riff(b"AVI "),
)
MP3 = _media(
    name="mp3",
    title="MP3",
    media_types=("audio/mpeg", "audio/mp3"),
    extensions=("mp3",),
    sniff=starts_like_audio,
    look=is_mp3,
    order=_AFTER_TAGS,
)
M4A = _media(
    name="m4a",
    title="MPEG-4 audio",
    media_types=("audio/mp4", "audio/x-m4a"),
    extensions=("m4a", "m4b"),
    sniff=is_m4a,
)
AAC = _media(
    name="aac",
    title="AAC",
    media_types=("audio/aac", "audio/aacp"),
    extensions=("aac", "adts"),
    sniff=starts_like_audio,
    look=is_adts,
    order=_AFTER_TAGS,
)
OGG = _media(
    name="ogg",
    title="Ogg Vorbis",
    media_types=("audio/ogg", "application/ogg"),
    extensions=("ogg", "oga"),
    sniff=is_ogg(b"\x01vorbis", b"\x7fFLAC", b"Speex   "),
)
OPUS = _media(
    name="opus",
    title="Opus",
    media_types=("audio/opus",),
    extensions=("opus",),
    sniff=is_ogg(b"OpusHead"),
)
FLAC = _media(
    name="flac",
    title="FLAC",
    media_types=("audio/flac", "audio/x-flac"),
    extensions=("flac",),
    sniff=lambda head: head[:4] == b"fLaC" or head[:3] == b"ID3",
    look=has_flac,
    order=_AFTER_TAGS,
)
WAV = _media(
    name="wav",
    title="WAV",
    media_types=("audio/wav", "audio/x-wav", "audio/vnd.wave", "audio/wave"),
    extensions=("wav", "wave"),
    sniff=is_riff(b"WAVE"),
)
FORMATS = (MP4, WEBM, MKV, MOV, AVI, MP3, M4A, AAC, OGG, OPUS, FLAC, WAV)
"""Every format, the most usual first."""

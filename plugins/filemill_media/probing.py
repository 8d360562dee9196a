"""Looks at a file with ffprobe: its streams, its duration, and whether it is within the limits."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import msgspec
from msgspec import Struct

from filemill import Context, ErrorCode, File, FilemillError
from filemill_media.media import Media, Stream, StreamKind
from filemill_media.programs import FFPROBE, MOST_STREAMS, reading, run

_ENTRIES = (
    "stream=index,codec_type,codec_name,profile,width,height,pix_fmt,sample_aspect_ratio,avg_frame_rate,r_frame_rate"
    ",sample_rate,channels,bits_per_raw_sample,bits_per_sample,bit_rate,duration"
    ":stream_disposition=attached_pic:stream_tags=language:stream_side_data=rotation"
    ":format=duration,bit_rate:format_tags"
)
_MOST_TOLD = 4 << 20
"""Letters of an answer; 100 streams have less than a tenth of it, but tags may be of any length."""
_MOST_TAGS, _MOST_TAG = 100, 1000
_UNTRUE_DURATION = ("aac",)
"""Formats whose duration ffprobe only estimates by their size."""
_LANGUAGE = re.compile(r"[a-z]{3}")
_FASTEST = 1000
"""Frames a second; a file that claims more tells a time base, not a rate."""


class _Disposition(Struct, frozen=True):
    attached_pic: int = 0


class _SideData(Struct, frozen=True):
    rotation: int = 0


class _Stream(Struct, frozen=True):
    index: int
    codec_type: str = ""
    codec_name: str = ""
    profile: str | None = None
    width: int = 0
    height: int = 0
    pix_fmt: str | None = None
    sample_aspect_ratio: str = ""
    avg_frame_rate: str = ""
    r_frame_rate: str = ""
    sample_rate: int = 0
    channels: int = 0
    bits_per_raw_sample: int = 0
    bits_per_sample: int = 0
    bit_rate: int | None = None
    duration: float | None = None
    disposition: _Disposition = _Disposition()
    tags: dict[str, str] = {}
    side_data_list: list[_SideData] = []


class _Format(Struct, frozen=True):
    duration: float | None = None
    bit_rate: int | None = None
    tags: dict[str, str] = {}


class _Answer(Struct, frozen=True):
    streams: list[_Stream] = []
    format: _Format = _Format()


def probe(file: File, demuxer: str, context: Context) -> Media:
    """Look at a file.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken or beyond the limits, `OPERATION_UNAVAILABLE` without ffprobe.
    """
    told = _Told(file)
    arguments = ["-of", "json", "-show_entries", _ENTRIES, *reading(file.path, demuxer, context)]
    run(FFPROBE, arguments, file, context, told.add)
    try:
        answer = msgspec.convert(msgspec.json.decode(told.text), _Answer, strict=False)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _broken(file, f"ffprobe's answer is {error}") from error
    if len(answer.streams) > MOST_STREAMS:
        raise _broken(file, f"it has {len(answer.streams)} streams, {MOST_STREAMS} are allowed")
    streams = tuple(_stream(found) for found in answer.streams)
    for stream in streams:
        _check_size(stream, file, context)
    duration = answer.format.duration
    if duration is None or file.format in _UNTRUE_DURATION:
        duration = _measured(file, demuxer, context)
    tags = {name: text[:_MOST_TAG] for name, text in list(answer.format.tags.items())[:_MOST_TAGS]}
    media = Media(file, duration and round(max(duration, 0.0), 3), answer.format.bit_rate, streams, tags)
    if media.video is None and not media.sounds:
        raise _broken(file, "it has neither video nor sound")
    return media


class _Told:
    """What a program answers, up to a bound."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        """Take a line.

        Raises:
            FilemillError: `INVALID_FILE` where it is too much, which ends the program.
        """
        self._lines.append(line)
        self._size += len(line)
        if self._size > _MOST_TOLD:
            raise _broken(self._file, "it describes itself without end")

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines)


def _stream(found: _Stream) -> Stream:
    return Stream(
        index=found.index,
        kind=_kind(found),
        codec=found.codec_name,
        profile=found.profile,
        width=found.width,
        height=found.height,
        rotation=-next((data.rotation for data in found.side_data_list if data.rotation), 0) % 360,
        pixel_aspect=_fraction(found.sample_aspect_ratio) or Fraction(1),
        pixel_format=found.pix_fmt,
        frame_rate=_rate(found),
        channels=found.channels,
        sample_rate=found.sample_rate,
        bits=found.bits_per_raw_sample or found.bits_per_sample,
        bit_rate=found.bit_rate,
        duration=found.duration,
        language=_language(found.tags),
    )


def _kind(found: _Stream) -> StreamKind:
    if found.codec_type == "video":
        # A video without pixels is one of a codec that nothing here reads.
        video = StreamKind.VIDEO if found.width and found.height else StreamKind.OTHER
        return StreamKind.COVER if found.disposition.attached_pic else video
    if found.codec_type == "audio":
        return StreamKind.AUDIO if found.channels and found.sample_rate else StreamKind.OTHER
    return StreamKind.SUBTITLE if found.codec_type == "subtitle" else StreamKind.OTHER


def _rate(found: _Stream) -> Fraction | None:
    rates = (_fraction(found.avg_frame_rate), _fraction(found.r_frame_rate))
    return next((rate for rate in rates if rate is not None and rate <= _FASTEST), None)


def _fraction(text: str) -> Fraction | None:
    """Read `25/1` or `16:11`; None for what is none, or not above zero."""
    numerator, _, denominator = text.replace(":", "/").partition("/")
    if not (numerator.isdigit() and denominator.isdigit() and int(denominator)):
        return None
    return Fraction(int(numerator), int(denominator)) or None


def _language(tags: dict[str, str]) -> str | None:
    language = tags.get("language", "und")
    return language if language != "und" and _LANGUAGE.fullmatch(language) else None


def _check_size(stream: Stream, file: File, context: Context) -> None:
    """Refuse a video before a frame of it is decoded."""
    limits = context.limits
    sides = (stream.width, stream.height, *stream.shown)  # in square pixels it may be far wider
    if max(sides) > limits.max_dimension:
        allowed = f"no side may have more than {limits.max_dimension}"
    elif max(sides[0] * sides[1], sides[2] * sides[3]) > limits.max_pixels:
        allowed = f"a frame may have {limits.pixels}"
    else:
        return
    raise _broken(file, f"its frames have {stream.width}x{stream.height} pixels, {allowed}")


def _measured(file: File, demuxer: str, context: Context) -> float | None:
    """Read all packets for the duration of a file that does not say it, such as what a browser records."""
    first, last = float("inf"), float("-inf")

    def see(line: str) -> None:
        nonlocal first, last
        times = line.split(",")
        if len(times) >= 2 and times[0] not in ("N/A", ""):
            start = float(times[0])
            first, last = min(first, start), max(last, start + _seconds(times[1]))

    arguments = ["-of", "csv=p=0", "-show_entries", "packet=pts_time,duration_time"]
    run(FFPROBE, [*arguments, *reading(file.path, demuxer, context)], file, context, see)
    return last - first if last > first else None


def _seconds(text: str) -> float:
    return 0.0 if text in ("N/A", "") else float(text)


def _broken(file: File, reason: str) -> FilemillError:
    return FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} can't be read: {reason}.")


def made(path: Path, name: str, form: str) -> File:
    """Return the file that was written to a path."""
    return File(path, name, form, path.stat().st_size)

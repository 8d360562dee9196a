"""The kind `Media`: a file of video or sound, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from filemill import Choice, ErrorCode, Facts, File, FilemillError


class StreamKind(Choice):
    """What a stream holds; a cover is a picture that stands for the whole."""

    VIDEO = "video"
    AUDIO = "audio"
    COVER = "cover"
    SUBTITLE = "subtitle"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream of a file.

    Fields:
        index: its number in the file.
        kind: what it holds.
        codec: FFmpeg's name of how it is coded, such as `h264`; "": unknown.
        profile: the codec's profile, such as `High`.
        width, height: of a video, pixels as they are stored.
        rotation: degrees by which a video is turned clockwise to be upright.
        pixel_aspect: width of a pixel as it is shown, by its height.
        pixel_format: FFmpeg's name of how pixels are stored, such as `yuv420p`.
        frame_rate: frames a second on average.
        channels, sample_rate: of sound; samples a second.
        bits: of a sample or a colour, where more than the format tells is known.
        bit_rate: bits a second.
        duration: seconds.
        language: ISO 639-2.
    """

    index: int
    kind: StreamKind
    codec: str
    profile: str | None = None
    width: int = 0
    height: int = 0
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    pixel_format: str | None = None
    frame_rate: Fraction | None = None
    channels: int = 0
    sample_rate: int = 0
    bits: int = 0
    bit_rate: int | None = None
    duration: float | None = None
    language: str | None = None

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of the picture when it has been turned, pixels."""
        return (self.height, self.width) if self.rotation % 180 else (self.width, self.height)

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height of the upright picture in square pixels."""
        width = max(1, round(self.width * self.pixel_aspect))
        return (self.height, width) if self.rotation % 180 else (width, self.height)

    @property
    def facts(self) -> Facts:
        """What is known of it."""
        found: Facts = {
            "index": self.index,
            "kind": self.kind.value,
            "codec": self.codec or None,
            "profile": self.profile,
            "bitRate": self.bit_rate,
            "language": self.language,
        }
        if self.kind in (StreamKind.VIDEO, StreamKind.COVER):
            found |= {"width": self.width, "height": self.height, "pixelFormat": self.pixel_format}
        if self.kind is StreamKind.VIDEO:
            found |= {"frameRate": rate_fact(self.frame_rate), "rotation": self.rotation or None}
            found |= {"pixelAspect": None if self.pixel_aspect == 1 else str(self.pixel_aspect).replace("/", ":")}
        if self.kind is StreamKind.AUDIO:
            found |= {"channels": self.channels, "sampleRate": self.sample_rate}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Media:
    """A file of video or sound.

    Fields:
        file: where it is.
        duration: seconds; None: it says nothing of it.
        bit_rate: of all streams together, bits a second.
        streams: as they stand in the file.
        tags: what the file says of itself in words: title, place, time.
    """

    file: File
    duration: float | None
    bit_rate: int | None
    streams: tuple[Stream, ...]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def video(self) -> Stream | None:
        """The video that is worked on: the first."""
        return next((stream for stream in self.streams if stream.kind is StreamKind.VIDEO), None)

    @property
    def sounds(self) -> list[Stream]:
        """All streams of sound."""
        return [stream for stream in self.streams if stream.kind is StreamKind.AUDIO]

    @property
    def facts(self) -> Facts:
        """What is known of it; the size is that of the upright picture."""
        found: Facts = {"durationSeconds": self.duration, "bitRate": self.bit_rate}
        if self.video is not None:
            width, height = self.video.upright
            found |= {"width": width, "height": height, "frameRate": rate_fact(self.video.frame_rate)}
        known: Facts = {name: value for name, value in found.items() if value is not None}
        return {**known, "streams": [stream.facts for stream in self.streams]}

    def required_video(self) -> Stream:
        """Return the video.

        Raises:
            FilemillError: `INVALID_FILE` where there is none.
        """
        if self.video is None:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} has no video, only sound.")
        return self.video

    def required_sound(self) -> Stream:
        """Return the first stream of sound.

        Raises:
            FilemillError: `INVALID_FILE` where there is none.
        """
        if not self.sounds:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} has no sound.")
        return self.sounds[0]

    def required_duration(self) -> float:
        """Return the duration, seconds.

        Raises:
            FilemillError: `INVALID_FILE` where the file has none.
        """
        if not self.duration:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} has no duration.")
        return self.duration


def rate_fact(rate: Fraction | None) -> float | None:
    """Return frames a second as a number for people."""
    return None if rate is None else round(float(rate), 3)

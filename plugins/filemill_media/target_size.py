"""Encodes a file in at most so many bytes: two passes for video, a bit rate for sound."""

from __future__ import annotations

from dataclasses import dataclass, replace

from filemill import Context, ErrorCode, FilemillError
from filemill_media.containers import LOSSLESS, container_of
from filemill_media.conversions import smaller
from filemill_media.encoders import Effort
from filemill_media.media import Media
from filemill_media.programs import FFMPEG, run
from filemill_media.progress import Progress
from filemill_media.transcoding import Recipe, arguments, transcoded

_MARGIN = 0.97
"""Share of the size that is aimed at: encoders meet a rate by a few percent."""
_TRIES = 4
_LEAST_VIDEO = 10_000
"""Bits a second below which no encoder is asked to go."""
_LEAST_SOUND, _MOST_SOUND = 16_000, 64_000
"""Bits a second of a channel."""
_SOUND_SHARE = 0.2
"""Most of a video's size that its sound may have, as long as it has the least."""
_ALONE_LEAST, _ALONE_MOST = 8_000, 256_000
"""Bits a second of a channel of sound without video."""
_LEAST_QUALITY = 1
_PASSES = 2


@dataclass(frozen=True, slots=True)
class _Rates:
    """Bits a second of video and of each stream of sound; the sound of one channel."""

    video: int
    sound: int


def fitted(media: Media, size: int, context: Context) -> Media:
    """Encode a file in its format so that it has at most so many bytes; one that has no more stays as it is.

    Raises:
        FilemillError: `TARGET_UNREACHABLE` with `smallestBytes` where no encode is as small.
    """
    if media.file.size <= size:
        return media
    if media.file.format in LOSSLESS:
        return _lossless(media, size, context)
    seconds = media.required_duration()
    search = _Search(media, size, seconds, context)
    share = 1.0
    for _ in range(_TRIES):
        rates = search.rates(share)
        made = search.encoded(rates)
        if made.file.size <= size:
            context.report(encodes=search.encodes)
            return made
        made.file.path.unlink()
        if search.is_least(rates):
            break
        share *= _MARGIN * size / made.file.size
    made = search.smallest()
    if made.file.size <= size:
        context.report(encodes=search.encodes)
        return made
    raise _unreachable(media, size, made.file.size)


def _lossless(media: Media, size: int, context: Context) -> Media:
    made = smaller(media, _LEAST_QUALITY, context)
    if made.file.size <= size:
        return made
    least = min(made.file.size, media.file.size)
    raise _unreachable(media, size, least, " A lossy format such as opus can be aimed at any size.")


def _unreachable(media: Media, size: int, least: int, more: str = "") -> FilemillError:
    return FilemillError(
        ErrorCode.TARGET_UNREACHABLE,
        f"No {media.file.format} of {media.file.name!r} fits {size} bytes; the smallest has {least}.{more}",
        smallestBytes=least,
    )


class _Search:
    """Encodes of one file at different rates.

    Args:
        media: the source.
        size: bytes that are aimed at.
        seconds: that it lasts.
        context: of the task.
    """

    def __init__(self, media: Media, size: int, seconds: float, context: Context) -> None:
        self._media = media
        self._bits = 8 * size * _MARGIN / seconds
        self._seconds = seconds
        self._context = context
        self._container = container_of(media.file)
        self._log = str(context.folder / "two-pass")
        self._looked = False
        self._channels = sum(min(stream.channels, 2) for stream in media.sounds)
        self.encodes = 0

    def rates(self, share: float) -> _Rates:
        """Share the bits out, of which only so many are taken."""
        bits = self._bits * share
        if self._media.video is None or self._container.video is None:
            return _Rates(0, int(min(_ALONE_MOST, max(_ALONE_LEAST, bits / max(1, self._channels)))))
        sound = min(_MOST_SOUND, max(_LEAST_SOUND, bits * _SOUND_SHARE / max(1, self._channels)))
        return _Rates(max(_LEAST_VIDEO, int(bits - sound * self._channels)), int(sound))

    def is_least(self, rates: _Rates) -> bool:
        """Whether no less can be asked for."""
        return rates == self.rates(0)

    def encoded(self, rates: _Rates) -> Media:
        """Encode at some rates; video is looked at once, in a first pass."""
        self.encodes += 1
        recipe = self._recipe(Effort(bits=rates.video), Effort(bits=rates.sound))
        if not rates.video:
            return transcoded(self._media, recipe, self._context, note="encode")
        if not self._looked:
            self._look(recipe)
        second = replace(recipe, options=("-pass", "2", "-passlogfile", self._log))
        return transcoded(self._media, second, self._context, note="second pass", part=(1, _PASSES))

    def smallest(self) -> Media:
        """Encode at the least quality, which may be less than the least rate."""
        self.encodes += 1
        least = Effort(bits=self.rates(0).sound)
        return transcoded(self._media, self._recipe(Effort(_LEAST_QUALITY), least), self._context, note="smallest")

    def _recipe(self, video: Effort, sound: Effort) -> Recipe:
        return Recipe(container=self._container, video=video, audio=sound, keep_video=False, keep_audio=False)

    def _look(self, recipe: Recipe) -> None:
        """Run the first pass, which writes nothing but what the second has to know of every frame."""
        video = replace(self._media, streams=(self._media.required_video(),))
        nowhere = replace(self._container, muxer="null", flags=())
        first = replace(recipe, container=nowhere, options=("-pass", "1", "-passlogfile", self._log))
        progress = Progress(self._context, self._seconds, "first pass", (0, _PASSES))
        run(FFMPEG, [*arguments(video, first, self._context), "-"], self._media.file, self._context, progress.tell)
        self._looked = True

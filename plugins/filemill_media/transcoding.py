"""One run of FFmpeg: a file is read, its streams are copied or encoded, a file of a format is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from filemill import Context, ErrorCode, FilemillError
from filemill_media.containers import Container, demuxer_of
from filemill_media.encoders import Effort, audio_arguments, video_arguments
from filemill_media.media import Media, Stream
from filemill_media.probing import made, probe
from filemill_media.programs import FFMPEG, THREADS, reading, run
from filemill_media.progress import Progress

EXACT = (
    *("-map_metadata", "-1", "-map_chapters", "-1"),  # among it the place a video was taken
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
    *THREADS,
)
"""What every result is written with: nothing of the source's metadata, the same bytes each time."""
_MOST_SOUNDS = 16
_LEAST_SHARE, _LEAST_SECONDS = 0.9, 1.0
"""What a result has to last of what its source says, and by how many seconds it may be shorter in any case."""
_FASTEST_AVI = 60
_SUBSAMPLED = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a file that is read, seconds; `decoded`: its beginning is sought among samples, not packets."""

    start: float = 0.0
    length: float | None = None
    decoded: bool = False


_USUAL, _WHOLE = Effort(), Cut()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a file is made of another.

    Fields:
        container: what is written.
        video, audio: how much is lost where a stream is encoded.
        keep_video, keep_audio: whether a stream is copied that the container holds as it is.
        filters: what frames go through.
        cut: the part that is read.
        as_is: whether all streams are copied, whatever they are: into the format that they come from.
        options: of the output, such as those of a pass.
    """

    container: Container
    video: Effort = _USUAL
    audio: Effort = _USUAL
    keep_video: bool = True
    keep_audio: bool = True
    filters: Sequence[str] = ()
    cut: Cut = _WHOLE
    as_is: bool = False
    options: Sequence[str] = ()


def transcoded(
    media: Media, recipe: Recipe, context: Context, *, note: str = "", part: tuple[int, int] = (0, 1)
) -> Media:
    """Make a file of another by a recipe.

    Args:
        media: the source.
        recipe: how.
        context: of the task.
        note: what is being done, for whom it takes long.
        part: which part this is of how many that the step has.

    Raises:
        FilemillError: `INVALID_FILE` where it can't be read, or holds less than it says.
    """
    container = recipe.container
    path = context.path(container.name)
    expected = _expected(media, recipe)
    progress = Progress(context, expected, note, part)
    said = run(FFMPEG, [*arguments(media, recipe, context), f"file:{path}"], media.file, context, progress.tell)
    if said:
        context.report(damaged=True)
    result = read(path, media.file.name, container, context)
    if expected is not None and (result.duration or 0.0) < min(expected * _LEAST_SHARE, expected - _LEAST_SECONDS):
        raise FilemillError(
            ErrorCode.INVALID_FILE,
            f"{media.file.name!r} is cut off or broken: of {expected:.1f} s there are {result.duration or 0.0:.1f} s.",
        )
    return result


def read(path: Path, name: str, container: Container, context: Context) -> Media:
    """Look at a file that FFmpeg wrote.

    Raises:
        FilemillError: `INVALID_FILE` where nothing is in it.
    """
    if not path.exists() or not path.stat().st_size:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r} can't be read: nothing in it can be decoded.")
    return probe(made(path, name, container.name), container.demuxer, context)


def arguments(media: Media, recipe: Recipe, context: Context) -> list[str]:
    """Return the arguments of FFmpeg up to the path of the result."""
    container, cut = recipe.container, recipe.cut
    start = ["-ss", f"{cut.start:.6f}"] if cut.start else []
    before, after = ([], start) if cut.decoded else (start, [])
    return [
        *("-nostdin", "-nostats", "-progress", "pipe:1", "-stats_period", "0.5"),
        *reading(media.file.path, demuxer_of(media.file), context, *THREADS, *before),
        *after,
        *([] if cut.length is None else ["-t", f"{cut.length:.6f}"]),
        *_video(media, recipe),
        *_audio(media, recipe),
        *("-sn", "-dn"),
        *EXACT,
        *recipe.options,
        *container.flags,
        *("-f", container.muxer),
    ]


def even(width: int, height: int) -> list[str]:
    """Return the filters that leave out the last column or row where there is an odd number of them."""
    if width % 2 == height % 2 == 0:
        return []
    if min(width, height) < 2:
        return [f"scale={max(2, width // 2 * 2)}:{max(2, height // 2 * 2)}"]
    return [f"crop={width // 2 * 2}:{height // 2 * 2}:0:0"]


def keeps_video(media: Media, recipe: Recipe) -> bool:
    """Whether the video is copied: every player of the container knows it as it is."""
    stream, container = media.video, recipe.container
    if recipe.as_is:
        return True
    if stream is None or not recipe.keep_video or recipe.filters:
        return False
    same = media.file.format == container.name
    plain = stream.codec != "h264" or stream.pixel_format in _SUBSAMPLED or container.name == "mkv"
    turned = bool(stream.rotation) and not container.turns
    # AVI has no times of packets, which the others need.
    return stream.codec in container.video_kept and (plain or same) and not turned and media.file.format != "avi"


def keeps_audio(stream: Stream, recipe: Recipe) -> bool:
    """Whether a stream of sound is copied."""
    return recipe.as_is or (recipe.keep_audio and stream.codec in recipe.container.audio_kept)


def _video(media: Media, recipe: Recipe) -> list[str]:
    stream, container = media.video, recipe.container
    if stream is None or container.video is None:
        return ["-vn"]
    mapped = ["-map", f"0:{stream.index}"]
    if keeps_video(media, recipe):
        tag = ["-tag:v", "hvc1"] if stream.codec == "hevc" and container.turns else []
        return [*mapped, "-c:v", "copy", *tag]
    filters = [*recipe.filters] or even(*stream.upright)
    chain = ["-vf", ",".join(filters)] if filters else []
    rate = ["-r", _avi_rate(stream.frame_rate)] if container.name == "avi" else []
    return [*mapped, *chain, *rate, *video_arguments(container.video, recipe.video)]


def _audio(media: Media, recipe: Recipe) -> list[str]:
    container = recipe.container
    sounds = media.sounds[: _MOST_SOUNDS if container.video else 1]
    if not sounds:
        return ["-an"]
    found: list[str] = []
    for number, stream in enumerate(sounds):
        found += ["-map", f"0:{stream.index}"]
        if stream.language is not None:
            found += [f"-metadata:s:a:{number}", f"language={stream.language}"]
        kept = keeps_audio(stream, recipe)
        wanted = ["-c:a", "copy"] if kept else audio_arguments(container.audio, stream, recipe.audio)
        found += [f"{word}:{number}" if word.endswith(":a") else word for word in wanted]
    return found


def _avi_rate(rate: Fraction | None) -> str:
    """Return a rate that MPEG-4 can write: AVI has as many frames each second."""
    rate = Fraction(25) if rate is None else min(rate, Fraction(_FASTEST_AVI))
    return str(rate.limit_denominator(1001))


def _expected(media: Media, recipe: Recipe) -> float | None:
    """Return what the result is to last, seconds."""
    durations = [stream.duration for stream in _worked_on(media, recipe) if stream.duration]
    whole = max(durations) if durations else media.duration
    if whole is None:
        return recipe.cut.length
    left = max(0.0, whole - recipe.cut.start)
    return left if recipe.cut.length is None else min(left, recipe.cut.length)


def _worked_on(media: Media, recipe: Recipe) -> list[Stream]:
    video = media.video if recipe.container.video is not None else None
    return ([] if video is None else [video]) + media.sounds

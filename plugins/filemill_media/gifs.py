"""Video to GIF, of colours chosen for it, and GIF to video."""

from __future__ import annotations

from fractions import Fraction

from filemill import Context, ErrorCode, File, FilemillError
from filemill_media.containers import demuxer_of
from filemill_media.media import Media, Stream
from filemill_media.probing import made, probe
from filemill_media.programs import FFMPEG, THREADS, reading, run
from filemill_media.progress import Progress
from filemill_media.transcoding import EXACT

WIDTH = 480
"""Most pixels across: a GIF has the bytes of many pictures."""
RATE = Fraction(25, 2)
"""Most frames a second; a GIF counts in hundredths of a second, of which this is 8."""
_MADE_IN_PARTS = 2


def to_gif(media: Media, context: Context) -> File:
    """Make a GIF: one run chooses the colours of all frames, one writes it.

    Raises:
        FilemillError: `INVALID_FILE` where it would have more frames or pixels than the limits allow.
    """
    video = media.required_video()
    rate = min(RATE, video.frame_rate or RATE)
    width, height = _size(video)
    seconds = video.duration or media.required_duration()
    _check(media, max(1, round(seconds * rate)), width * height, context)
    frames = f"fps={rate},scale={width}:{height}:flags=lanczos"
    source = [
        *("-nostdin", "-nostats", "-progress", "pipe:1", "-stats_period", "0.5"),
        *reading(media.file.path, demuxer_of(media.file), context, *THREADS),
    ]
    palette, path = context.path("png"), context.path("gif")
    progress = [Progress(context, seconds, "gif", (part, _MADE_IN_PARTS)) for part in range(_MADE_IN_PARTS)]
    chosen = f"[0:{video.index}]{frames},palettegen=stats_mode=full"
    picture = ("-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1")
    run(
        FFMPEG,
        [*source, "-filter_complex", chosen, *EXACT, *picture, f"file:{palette}"],
        media.file,
        context,
        progress[0].tell,
    )
    if not palette.exists():
        raise FilemillError(ErrorCode.INVALID_FILE, f"{media.file.name!r} can't be read: no frame can be decoded.")
    drawn = f"[0:{video.index}]{frames}[v];[v][1:v]paletteuse=dither=bayer:bayer_scale=3:diff_mode=rectangle"
    colours = ("-f", "png_pipe", "-i", f"file:{palette}")
    run(
        FFMPEG,
        [*source, *colours, "-filter_complex", drawn, *EXACT, "-loop", "0", "-f", "gif", f"file:{path}"],
        media.file,
        context,
        progress[1].tell,
    )
    return made(path, media.file.name, "gif")


def of_gif(file: File, context: Context) -> Media:
    """Look at a GIF as at a video."""
    return probe(file, demuxer_of(file), context)


def _size(video: Stream) -> tuple[int, int]:
    """Return the size in square pixels, at most so wide."""
    width, height = video.shown
    if width <= WIDTH:
        return width, height
    return WIDTH, max(1, round(height * WIDTH / width))


def _check(media: Media, frames: int, pixels: int, context: Context) -> None:
    limits = context.limits
    if frames > limits.max_frames:
        allowed = f"{limits.max_frames} are allowed"
    elif frames * pixels > limits.max_pixels:
        allowed = f"{limits.pixels} pixels in all are allowed"
    else:
        return
    detail = f"A GIF of {media.file.name!r} would have {frames} frames of {pixels} pixels; {allowed}. Trim it first."
    raise FilemillError(ErrorCode.INVALID_FILE, detail)

"""Single frames of a video, as pictures, alone or as tiles beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pyvips

from filemill import Context, ErrorCode, FilemillError
from filemill_media.containers import demuxer_of
from filemill_media.media import Media, Stream
from filemill_media.programs import FFMPEG, THREADS, reading, run

_BACK_SECONDS = 5.0
"""How far before a moment without a frame the last one is looked for."""
_USUAL_RATE = Fraction(25)


def frame(media: Media, moment: float, width: int | None, context: Context) -> pyvips.Image:
    """Return the frame at a moment, upright and in square pixels.

    Args:
        media: the video.
        moment: seconds from its beginning; after the last frame it is the last one.
        width: pixels across; None: as it is.
        context: of the task.

    Raises:
        FilemillError: `INVALID_FILE` where no frame can be decoded.
    """
    video = media.required_video()
    path = context.path("png")
    _take(media, _before_the_end(media, video, moment), ("-frames:v", "1"), path, width, context)
    if not path.exists():
        _take(media, max(0.0, moment - _BACK_SECONDS), (), path, width, context)
    if not path.exists():
        raise FilemillError(
            ErrorCode.INVALID_FILE, f"{media.file.name!r} can't be read: no frame at {moment:.1f} s can be decoded."
        )
    image = pyvips.Image.new_from_file(str(path)).copy_memory()
    path.unlink()
    return image


def tiles(media: Media, moments: Sequence[float], columns: int, width: int, context: Context) -> pyvips.Image:
    """Return frames beside and below each other, each so many pixels across."""
    made = []
    for number, moment in enumerate(moments, 1):
        made.append(frame(media, moment, width, context))
        context.progress(number, len(moments), "frame")
    return pyvips.Image.arrayjoin(made, across=columns)


def size(video: Stream, width: int | None) -> tuple[int, int]:
    """Return the pixels of a frame so many pixels across."""
    shown = video.shown
    return shown if width is None else (width, max(1, round(shown[1] * width / shown[0])))


def _before_the_end(media: Media, video: Stream, moment: float) -> float:
    whole = video.duration or media.duration
    if whole is None:
        return moment
    return max(0.0, min(moment, whole - float(1 / (video.frame_rate or _USUAL_RATE))))


def _take(media: Media, moment: float, most: Sequence[str], path: Path, width: int | None, context: Context) -> None:
    video = media.required_video()
    wide, high = size(video, width)
    arguments = [
        "-nostdin",
        "-nostats",
        *reading(media.file.path, demuxer_of(media.file), context, *THREADS, "-ss", f"{moment:.6f}"),
        *("-map", f"0:{video.index}", *most),
        *("-vf", f"scale={wide}:{high}:flags=bicubic,format=rgb24"),
        # Each frame is written over the one before: the last one stays.
        *("-c:v", "png", "-compression_level", "1", "-f", "image2", "-update", "1", f"file:{path}"),
    ]
    run(FFMPEG, arguments, media.file, context)

"""The edges between formats of video and sound, and between video and GIF."""

from __future__ import annotations

from functools import partial

from filemill import Context, Conversion, File
from filemill_media import programs
from filemill_media.containers import AUDIO, CONTAINERS, LOSSLESS, VIDEO, container_of
from filemill_media.encoders import SMALLER_QUALITY, Effort
from filemill_media.gifs import of_gif, to_gif
from filemill_media.media import Media
from filemill_media.transcoding import Recipe, transcoded

_GIF = "gif"
_WORK, _SOUND_WORK = 100, 10


def convert_media(value: Media, target: str, context: Context) -> Media:
    """Change the format; streams that the target holds as they are, are copied. The same format: fewer bytes."""
    container = CONTAINERS[target]
    if container.video is None:
        value.required_sound()
    if value.file.format == target:
        return smaller(value, SMALLER_QUALITY, context)
    return transcoded(value, Recipe(container=container), context, note=target)


def smaller(media: Media, quality: int, context: Context) -> Media:
    """Encode a file in the same format by a quality; samples that are not coded at all stay as they are."""
    container = container_of(media.file)
    if container.audio == "pcm":
        return media
    effort = Effort(quality)
    recipe = Recipe(container=container, video=effort, audio=effort, keep_video=False, keep_audio=False)
    return transcoded(media, recipe, context, note="compress")


def convert_to_gif(value: Media, target: str, context: Context) -> File:
    """Make an animation that repeats."""
    return to_gif(value, context)


def convert_from_gif(value: File, target: str, context: Context) -> Media:
    """Make a video of an animation."""
    return transcoded(of_gif(value, context), Recipe(container=CONTAINERS[target]), context, note=target)


_edge = partial(Conversion, engine="ffmpeg", missing=programs.missing)
CONVERSIONS = (
    _edge(
        sources=VIDEO,
        targets=VIDEO,
        run=convert_media,
        cost=_WORK,
        lossy=True,
        compresses=True,
    ),
    _edge(
        sources=AUDIO,
        targets=tuple(name for name in AUDIO if name not in LOSSLESS),
        run=convert_media,
        cost=_SOUND_WORK,
        lossy=True,
        compresses=True,
    ),
    _edge(
        sources=AUDIO,
        targets=LOSSLESS,
        run=convert_media,
        cost=_SOUND_WORK,
        lossy=False,
        compresses=True,
    ),
    _edge(
        sources=VIDEO,
        targets=AUDIO,
        run=convert_media,
        cost=_SOUND_WORK,
        lossy=True,
    ),
    _edge(
        sources=VIDEO,
        targets=(_GIF,),
        run=convert_to_gif,
        cost=_WORK,
        lossy=True,
        final=True,
    ),
    _edge(
        sources=(_GIF,),
        targets=VIDEO,
        run=convert_from_gif,
        cost=_WORK,
        lossy=True,
        final=True,
        first=True,
    ),
)

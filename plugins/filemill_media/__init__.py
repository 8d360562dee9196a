"""The plugin for media: video and sound, by FFmpeg."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Conversion, Format, Operation, hookimpl
from filemill_media.conversions import CONVERSIONS
from filemill_media.formats import FORMATS
from filemill_media.operations import OPERATIONS


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Return the operations on video and sound."""
    return OPERATIONS


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return the formats of video and sound; GIF is one of pictures."""
    return FORMATS


@hookimpl
def filemill_conversions() -> Sequence[Conversion]:
    """Return the edges between them, and between video and GIF."""
    return CONVERSIONS

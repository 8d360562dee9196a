"""The picture plugin: raster formats, SVG, and the operations on pictures."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Format, Limits, Operation, hookimpl
from filemill_image import composition, effects, encode, geometry, startup
from filemill_image.formats import FORMATS


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Return every operation on pictures."""
    return [*geometry.OPERATIONS, *effects.OPERATIONS, *composition.OPERATIONS, *encode.OPERATIONS]


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return every picture format."""
    return FORMATS


@hookimpl
def filemill_startup(limits: Limits) -> None:
    """Prepare libvips in a worker process."""
    startup.prepare()

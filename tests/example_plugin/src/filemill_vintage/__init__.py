"""Old photographs: the operation `vintage`, the format farbfeld, and a pack."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from filemill import Format, Operation, hookimpl
from filemill_vintage.farbfeld import FARBFELD
from filemill_vintage.vintage import Vintage


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register the operation."""
    return [Vintage]


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Register the format."""
    return [FARBFELD]


@hookimpl
def filemill_presets() -> Sequence[Traversable]:
    """Register the folder of the pack."""
    return [files(__name__) / "presets"]

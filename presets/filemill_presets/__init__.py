"""The platform packs: preset files and the hook that finds them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from filemill import hookimpl


@hookimpl
def filemill_presets() -> Sequence[Traversable]:
    """Give the folder of the shipped packs."""
    return [files(__name__)]

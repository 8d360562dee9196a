"""The archive plugin: the formats of archives, what is in them, and archives of files."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Conversion, Format, Limits, Operation, hookimpl
from filemill_archive import library
from filemill_archive.conversions import CONVERSIONS
from filemill_archive.formats import FORMATS
from filemill_archive.operations import OPERATIONS


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Return the operations on archives."""
    return OPERATIONS


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return the formats of archives, and that of files of any other content."""
    return FORMATS


@hookimpl
def filemill_conversions() -> Sequence[Conversion]:
    """Return the conversions of all archives into all that are written."""
    return CONVERSIONS


@hookimpl
def filemill_startup(limits: Limits) -> None:
    """Load libarchive in a worker process."""
    library.prepare()

"""The office plugin: documents, spreadsheets and presentations by LibreOffice, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Conversion, Format, hookimpl
from filemill_office.conversions import CONVERSIONS
from filemill_office.formats import FORMATS


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return the formats of office programs, and what is written by hand: HTML, Markdown, CSV."""
    return FORMATS


@hookimpl
def filemill_conversions() -> Sequence[Conversion]:
    """Return what LibreOffice makes of them, and HTML of Markdown."""
    return CONVERSIONS

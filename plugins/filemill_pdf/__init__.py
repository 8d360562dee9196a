"""The PDF plugin: the format, and the operations on documents."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Conversion, Format, Limits, Operation, hookimpl
from filemill_pdf.conversions import CONVERSIONS
from filemill_pdf.format import PDF
from filemill_pdf.operations import OPERATIONS


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Return every operation on documents."""
    return OPERATIONS


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """Return the format `pdf`."""
    return [PDF]


@hookimpl
def filemill_conversions() -> Sequence[Conversion]:
    """Return what PDFs become, and what becomes a PDF."""
    return CONVERSIONS


@hookimpl
def filemill_startup(limits: Limits) -> None:
    """Load qpdf in a worker process."""
    from filemill_pdf import startup  # noqa: PLC0415 - qpdf only where work is done

    startup.prepare(limits)

"""The operation `compress-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, Operation
from filemill.encoding import Quality


class CompressPdf(Operation, frozen=True, kw_only=True, tag="compress-pdf"):
    """Make a PDF smaller: pictures written anew, streams and objects compressed, what nothing uses left out.

    Pictures become JPEG of a quality and of at most `dpi` as they are placed on the page, where that makes
    them smaller; pictures of one bit a pixel stay. Text stays text. A document that would not get smaller
    stays as it is.
    """

    quality: Annotated[Quality, Meta(description="Quality of JPEG pictures. Default: 75.")] = 75
    dpi: Annotated[
        float, Meta(ge=36, le=2400, description="Most dots per inch of pictures. Default: 150.", examples=[200])
    ] = 150
    pictures: Annotated[bool, Meta(description="Whether pictures are written anew.")] = True

    def run(self, document: Document, context: Context) -> Document:
        """Compress it."""
        from filemill_pdf.compression import compressed  # noqa: PLC0415 - qpdf only in workers

        return compressed(document, self, context)

"""Tasks on documents: pdfconvert, doc_to_images, pdfcreate."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill_server.dialects.filestack.tasks.base import Kind, Step, StepTask, not_implemented
from filemill_server.dialects.filestack.tasks.outputs import Orientation, PageFormat, QualityOption, images_to_pdf

PagesOption = Annotated[list[Annotated[str, Meta(max_length=20)]], Meta(min_length=1, max_length=1000)]

_SPAN = re.compile(r"([0-9]{0,6})(-?)([0-9]{0,6})")


class PdfConvert(StepTask, frozen=True, kw_only=True):
    """FS-81."""

    takes: ClassVar = (Kind.PICTURE, Kind.DOCUMENT)
    pageorientation: Orientation | None = None
    pageformat: PageFormat | None = None
    pages: PagesOption | None = None
    metadata: bool | None = None

    def gives(self, kind: Kind) -> Kind:
        """Give a PDF."""
        return Kind.DOCUMENT

    def steps(self, kind: Kind) -> list[Step]:
        """Take the pages, or make a PDF of a picture."""
        if all(value is None for value in (self.pageorientation, self.pageformat, self.pages, self.metadata)):
            raise invalid("/pdfconvert", "'pdfconvert' needs one of pageorientation, pageformat, pages and metadata.")
        if kind is Kind.PICTURE:
            made = images_to_pdf(self.pageformat, self.pageorientation, "/pdfconvert")
            return [made, *chosen_pages(self.pages, "/pdfconvert/pages")]
        if self.pageformat is not None or self.pageorientation is not None:
            raise not_implemented("/pdfconvert/pageformat: the pages of a PDF can't be laid on other paper.")
        steps = chosen_pages(self.pages, "/pdfconvert/pages")
        return [*steps, {"op": "pdf-metadata", "clear": True}] if self.metadata is False else steps


class DocToImages(StepTask, frozen=True, kw_only=True):
    """FS-82."""

    takes: ClassVar = (Kind.DOCUMENT,)
    pages: PagesOption | None = None
    engine: str | None = None
    format: Literal["jpg", "png", "webp"] = "png"
    quality: QualityOption | None = None
    density: Annotated[int, Meta(ge=1, le=500)] | None = None
    hidden_slides: bool = False

    def gives(self, kind: Kind) -> Kind:
        """Give pictures."""
        return Kind.PICTURE

    def steps(self, kind: Kind) -> list[Step]:
        """Draw the pages."""
        if self.engine is not None:
            raise not_implemented("/doc_to_images/engine: there is one engine for PDF; leave the option out.")
        if self.hidden_slides:
            raise not_implemented("/doc_to_images/hidden_slides: presentations are not read here.")
        wishes: Step = {"format": "jpeg" if self.format == "jpg" else self.format}
        wishes |= {"quality": self.quality} if self.quality else {}
        drawn: Step = {"op": "rasterize", **wishes} | ({"dpi": self.density} if self.density else {})
        return [*chosen_pages(self.pages, "/doc_to_images/pages"), drawn]


class PdfCreate(StepTask, frozen=True, kw_only=True):
    """FS-83: a list of PDFs, or a list of pictures, becomes one PDF."""

    takes: ClassVar = (Kind.PICTURE, Kind.DOCUMENT)
    engine: str | None = None

    def gives(self, kind: Kind) -> Kind:
        """Give a PDF."""
        return Kind.DOCUMENT

    def steps(self, kind: Kind) -> list[Step]:
        """Merge."""
        if self.engine is not None:
            raise not_implemented("/pdfcreate/engine: there is one engine for PDF; leave the option out.")
        return [{"op": "merge-pdf"} if kind is Kind.DOCUMENT else {"op": "images-to-pdf"}]


def chosen_pages(pages: list[str] | None, pointer: str) -> list[Step]:
    """Return the steps that take pages: `n`, `a-b`, `-b`, and at the end of an ascending list `a-`.

    Our ranges have an end, so `a-` is done by removing the pages that are before it and not named.

    Raises:
        FilemillError: `INVALID_PARAMETER` for what is no range, `OPERATION_UNAVAILABLE` for another order.
    """
    if pages is None:
        return []
    spans = [_span(text, pointer) for text in pages]
    *closed, (first, last) = spans
    if all(end is not None for _, end in spans):
        return [{"op": "extract-pages", "pages": ",".join(f"{start}-{end}" for start, end in spans)}]
    free: list[str] = []
    after = 1
    for start, end in closed:
        if end is None or start < after:
            raise not_implemented(f"{pointer}: a range without an end is done at the end of an ascending list only.")
        free += [f"{after}-{start - 1}"] if start > after else []
        after = end + 1
    if last is not None or first < after:
        raise not_implemented(f"{pointer}: a range without an end is done at the end of an ascending list only.")
    free += [f"{after}-{first - 1}"] if first > after else []
    return [{"op": "remove-pages", "pages": ",".join(free)}] if free else []


def _span(text: str, pointer: str) -> tuple[int, int | None]:
    match = _SPAN.fullmatch(text)
    if match is None or not (match[1] or match[3]) or (match[3] and not match[2]):
        raise invalid(pointer, f"{text!r} is no page or range; it would be 3, 1-3, 2- or -4.")
    first = int(match[1] or 1)
    last = int(match[3]) if match[3] else None if match[2] else first
    if first < 1 or (last is not None and last < first):
        raise invalid(pointer, f"The range {text!r} counts from 1 and does not end before it begins.")
    return first, last

"""Tasks on the encode: output, quality, compress, metadata."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill_server.dialects.filestack.tasks.base import (
    ColourOption,
    Kind,
    Step,
    StepTask,
    TaskOptions,
    colour,
    not_implemented,
)

QualityOption = Annotated[int, Meta(ge=1, le=100)]
_UNCHANGED: Step = {"op": "adjust"}
"""A step that changes no pixel, to hang a wish for the encode on."""


class Format(Enum):
    """What the vendor writes."""

    DOC = "doc"
    DOCX = "docx"
    HTML = "html"
    JPG = "jpg"
    ODP = "odp"
    ODS = "ods"
    ODT = "odt"
    PJPG = "pjpg"
    PDF = "pdf"
    PNG = "png"
    PPT = "ppt"
    PPTX = "pptx"
    SVG = "svg"
    TXT = "txt"
    WEBP = "webp"
    XLS = "xls"
    XLSX = "xlsx"
    GIF = "gif"


PICTURES = {Format.JPG: "jpeg", Format.PJPG: "jpeg", Format.PNG: "png", Format.WEBP: "webp", Format.GIF: "gif"}
"""Our names of the formats that pictures are written in."""


class PageFormat(Enum):
    """Paper."""

    A2 = "a2"
    A3 = "a3"
    A4 = "a4"
    A5 = "a5"
    B4 = "b4"
    B5 = "b5"
    LETTER = "letter"
    LEGAL = "legal"
    TABLOID = "tabloid"


_NO_PAPER = (PageFormat.A2, PageFormat.B4, PageFormat.B5)
Orientation = Literal["portrait", "landscape"]


class Output(StepTask, frozen=True, kw_only=True):
    """FS-72."""

    aliases: ClassVar = {"q": "quality", "f": "format"}
    takes: ClassVar = tuple(Kind)
    format: Format | None = None
    quality: QualityOption | Literal["input"] | None = None
    page: Annotated[int, Meta(ge=1, le=99_999)] = 1
    density: Annotated[int, Meta(ge=1, le=500)] | None = None
    compress: bool = False
    background: ColourOption | None = None
    strip: bool | None = None
    colorspace: Literal["rgb", "cmyk", "input"] = "rgb"
    secure: bool = False
    docinfo: bool = False
    pageformat: PageFormat | None = None
    pageorientation: Orientation | None = None

    def gives(self, kind: Kind) -> Kind:
        """Return what the format holds."""
        if self.format in PICTURES:
            return Kind.PICTURE
        if self.format is Format.PDF:
            return Kind.DOCUMENT
        return kind if self.format is None else Kind.OTHER

    def steps(self, kind: Kind) -> list[Step]:
        """Change the format, of a document's page after it is drawn."""
        self._refuse_unknown()
        if kind is Kind.OTHER:
            return self._converted()
        if self.format is Format.TXT and kind is Kind.DOCUMENT:
            return [{"op": "extract-text"}]
        if self.format is Format.PDF:
            return self._pdf(kind)
        if self.format is not None and self.format not in PICTURES:
            raise not_implemented(f"/output/format: {self.format.value!r} can't be written from {kind.value} here.")
        if kind is Kind.DOCUMENT and self.format is None:
            raise invalid("/output/format", "A PDF needs a 'format' to be written in, such as 'png'.")
        return [*self._drawn(kind), *self._encoded()]

    def _refuse_unknown(self) -> None:
        for name, wanted in (("secure", self.secure), ("docinfo", self.docinfo)):
            if wanted:
                raise not_implemented(f"/output/{name}: it belongs to HTML, which is not written here.")
        if self.colorspace != "rgb":
            raise not_implemented(f"/output/colorspace: pictures are written in sRGB, not in {self.colorspace!r}.")

    def _converted(self) -> list[Step]:
        """Change an office document: into PDF, of which a page may be drawn, or into a format of its family."""
        if self.format is None:
            raise invalid("/output/format", "Such a file needs a 'format' to be written in, such as 'pdf'.")
        if self.format is Format.SVG:
            raise not_implemented("/output/format: 'svg' is not written here.")
        if self.format is Format.PDF or self.format in PICTURES:
            drawn = self.format in PICTURES
            further = [*self._drawn(Kind.DOCUMENT), *self._encoded()] if drawn else self._pdf(Kind.DOCUMENT)
            return [{"op": "convert", "format": "pdf"}, *further]
        return [{"op": "convert", "format": self.format.value}]

    def _drawn(self, kind: Kind) -> list[Step]:
        if kind is Kind.DOCUMENT:
            return [{"op": "rasterize", "pages": str(self.page)} | ({"dpi": self.density} if self.density else {})]
        if self.page != 1:
            raise not_implemented("/output/page: of a picture only the whole file is read, not one of its frames.")
        return [{"op": "set-density", "dpi": self.density}] if self.density else []

    def _encoded(self) -> list[Step]:
        encoding = self.encoding()
        if self.compress:
            return [{"op": "compress", "format": encoding} if encoding else {"op": "compress"}]
        if self.format is not None:
            return [{"op": "convert", "format": encoding}]
        return [_UNCHANGED | {"format": encoding}] if encoding else []

    def encoding(self) -> Step:
        """Return the wishes for the encoder."""
        wishes: Step = {}
        if self.format is not None:
            wishes["type"] = PICTURES[self.format]
        if isinstance(self.quality, int):
            wishes["quality"] = self.quality
        if self.format is Format.PJPG:
            wishes["progressive"] = True
        if self.background is not None:
            ground = colour(self.background, "/output/background")
            if ground != "transparent":
                wishes["background"] = ground
        if self.strip is False:
            wishes["metadata"] = "all"
        return wishes

    def _pdf(self, kind: Kind) -> list[Step]:
        if kind is Kind.PICTURE:
            return [images_to_pdf(self.pageformat, self.pageorientation, "/output")]
        if self.pageformat is not None or self.pageorientation is not None:
            raise not_implemented("/output/pageformat: the pages of a PDF can't be laid on other paper.")
        return [{"op": "compress-pdf"}] if self.compress else []


class Quality(StepTask, frozen=True, kw_only=True):
    """FS-73. Formats that keep every pixel have none."""

    value: QualityOption

    def steps(self, kind: Kind) -> list[Step]:
        """Wish for the quality."""
        return [_UNCHANGED | {"quality": self.value}]


class Compress(StepTask, frozen=True, kw_only=True):
    """FS-73."""

    takes: ClassVar = (Kind.PICTURE, Kind.DOCUMENT)
    metadata: bool = False

    def steps(self, kind: Kind) -> list[Step]:
        """Make the file smaller; metadata goes unless it is to stay."""
        if kind is Kind.DOCUMENT:
            return [{"op": "compress-pdf"}]
        return [{"op": "compress", "format": {"metadata": "all"}} if self.metadata else {"op": "compress"}]


class Pjpg(StepTask, frozen=True, kw_only=True):
    """FS-73. The schema allows a quality of 0; ours begin at 1."""

    quality: Annotated[int, Meta(ge=0, le=100)] | None = None
    metadata: bool = False

    def steps(self, kind: Kind) -> list[Step]:
        """Write a progressive JPEG."""
        wishes: Step = {"type": "jpeg", "progressive": True}
        if self.quality is not None:
            wishes["quality"] = max(1, self.quality)
        if self.metadata:
            wishes["metadata"] = "all"
        return [{"op": "convert", "format": wishes}]


class NoMetadata(StepTask, frozen=True, kw_only=True):
    """FS-73."""

    def steps(self, kind: Kind) -> list[Step]:
        """Strip EXIF, XMP and IPTC."""
        return [{"op": "strip-metadata"}]


class AutoImage(TaskOptions, frozen=True, kw_only=True):
    """FS-73: the best format that the request's `Accept` allows."""


def best_format(accept: str) -> str | None:
    """Return the best format that an `Accept` header names: AVIF, else WebP; None: keep what there is.

    A wildcard names none: every browser sends it, also those that know neither.
    """
    accepted = set()
    for part in accept.lower().split(","):
        media, _, parameters = part.partition(";")
        weight = next((item.strip()[2:] for item in parameters.split(";") if item.strip().startswith("q=")), "1")
        if weight.strip("0.") or not weight:
            accepted.add(media.strip())
    return next((name for name in ("avif", "webp") if f"image/{name}" in accepted), None)


def images_to_pdf(paper: PageFormat | None, orientation: Orientation | None, pointer: str) -> Step:
    """Return the step that makes a PDF of pictures."""
    if paper in _NO_PAPER:
        raise not_implemented(f"{pointer}/pageformat: {paper.value!r} is not among the papers of a PDF here.")
    if orientation is not None and paper is None:
        raise not_implemented(f"{pointer}/pageorientation: without 'pageformat' a page is as large as its picture.")
    step: Step = {"op": "images-to-pdf"}
    if paper is not None:
        step["pageSize"] = paper.value
    return step | ({"orientation": orientation} if orientation else {})

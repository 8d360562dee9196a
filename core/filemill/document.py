"""The document that flows through a pipeline: a PDF that can show its pages, their text and where it stands."""

from __future__ import annotations

import math
from typing import Self

import pypdfium2
import pypdfium2.raw as pdfium
import pyvips

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts, File
from filemill.limits import Limits
from filemill.page_words import Word, words_of
from filemill.picture import Picture

POINTS_PER_INCH = 72
_MM_PER_INCH = 25.4
_WHITE = (255, 255, 255, 255)
_NO_LIMITS = Limits()


class Document:
    """A PDF file on disk. PDFium is not thread-safe: render and read on one thread of a worker process.

    The file is read when something of it is first asked for, and is kept open as long as the document is
    in use. Documents are immutable: an operation writes a new file and returns a new document.

    Attributes:
        file: the PDF.
        pages: number of pages.
        password: what opens it, where it needs that.
        limits: what a page may be drawn with.
    """

    def __init__(self, file: File, pages: int, *, password: str | None = None, limits: Limits = _NO_LIMITS) -> None:
        self.file = file
        self.pages = pages
        self.password = password
        self.limits = limits
        self._pdf: pypdfium2.PdfDocument | None = None
        self._page: tuple[int, pypdfium2.PdfPage] | None = None
        self._text: tuple[int, pypdfium2.PdfTextPage] | None = None

    @classmethod
    def read(cls, file: File, *, password: str | None = None, limits: Limits = _NO_LIMITS) -> Self:
        """Open a PDF and count its pages.

        Raises:
            FilemillError: `INVALID_FILE` where it is broken, or encrypted and the password does not open it.
        """
        document = cls(file, 0, password=password, limits=limits)
        document.pages = len(document._opened())
        return document

    @property
    def facts(self) -> Facts:
        """The number of pages."""
        return {"pages": self.pages}

    def size(self, number: int) -> tuple[float, float]:
        """Return a page's width and height in points, as it is shown; pages count from 1."""
        width, height = self._loaded(number).get_size()
        return width, height

    def rotation(self, number: int) -> int:
        """Return by how many degrees clockwise (0, 90, 180, 270) a page is turned before it is shown."""
        return int(self._loaded(number).get_rotation())

    def text(self, number: int) -> str:
        r"""Return the text layer of a page: empty where it has none; lines end in `\n`."""
        text = str(self._texts(number).get_text_bounded())
        # PDFium marks a hyphen at the end of a line, so that a search finds the word.
        return text.replace("\r\n", "\n").replace("\ufffe", "-").replace("\x02", "-").replace("\x00", "")

    def words(self, number: int) -> list[Word]:
        """Return the words of the text layer with their boxes, in the layer's own order."""
        return words_of(self._texts(number), self._loaded(number))

    def image_dpi(self, number: int) -> float | None:
        """Return the resolution of the picture that fills a page; None where it shows none.

        Dots per inch as the picture is placed, the geometric mean of both directions. A scan may lie in
        layers, one over the other: of all that are at least half as large as the largest, the finest counts.
        """
        placed: list[tuple[float, int]] = []
        for item in self._loaded(number).get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
            left, bottom, right, top = item.get_bounds()
            placed.append(((right - left) * (top - bottom), math.prod(item.get_px_size())))
        largest = max((area for area, _ in placed), default=0.0)
        if largest <= 0:
            return None
        return max(POINTS_PER_INCH * math.sqrt(pixels / area) for area, pixels in placed if area >= largest / 2)

    def render(self, number: int, dpi: float, *, grey: bool = False) -> Picture:
        """Plan the drawing of a page on white at a resolution in dots per inch; see `draw`."""
        width, height = (max(1, round(side * dpi / POINTS_PER_INCH)) for side in self.size(number))
        return self.draw(number, width, height, grey=grey)

    def draw(self, number: int, width: int, height: int, *, grey: bool = False) -> Picture:
        """Plan the drawing of a page on white in so many pixels, form fields and annotations included.

        The page is drawn when the picture's pixels are asked for, smaller where less is needed.

        Args:
            number: of the page, from 1.
            width: of the picture, pixels.
            height: of the picture, pixels.
            grey: draw in one band.

        Raises:
            FilemillError: `INVALID_FILE` where the picture would be over the limits.
        """
        limits = self.limits
        if max(width, height) > limits.max_dimension or width * height > limits.max_pixels:
            raise FilemillError(
                ErrorCode.INVALID_FILE,
                f"Page {number} of {self.file.name!r} would be drawn in {width}x{height} pixels; no side may have"
                f" more than {limits.max_dimension}, all together no more than {limits.pixels}.",
            )
        dpi = width * POINTS_PER_INCH / self.size(number)[0]

        def pixels(factor: float) -> pyvips.Image:
            size = (max(1, math.floor(side / factor)) for side in (width, height))
            image = _drawn(self._opened(), self._loaded(number), *size, grey=grey)
            dots_per_mm = dpi / factor / _MM_PER_INCH
            return image.copy(interpretation="b-w" if grey else "srgb", xres=dots_per_mm, yres=dots_per_mm)

        return Picture(pixels, width=width, height=height)

    def _opened(self) -> pypdfium2.PdfDocument:
        if self._pdf is None:
            try:
                self._pdf = pypdfium2.PdfDocument(self.file.path, password=self.password)
                self._pdf.init_forms()
            except (pypdfium2.PdfiumError, OSError) as error:
                raise self._refusal(error) from None
        return self._pdf

    def _refusal(self, error: Exception) -> FilemillError:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            wrong = "does not open with the password given" if self.password else "needs a password to open"
            return FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} is encrypted and {wrong}.")
        return FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} can't be read as PDF: {error}")

    def _loaded(self, number: int) -> pypdfium2.PdfPage:
        """Return a page; the last one that was used is kept."""
        if self._page is None or self._page[0] != number:
            assert number >= 1, "pages count from 1"
            self._page = self._text = None
            try:
                self._page = number, self._opened()[number - 1]
            except (pypdfium2.PdfiumError, IndexError) as error:
                detail = f"Page {number} of {self.file.name!r} can't be read: {error}"
                raise FilemillError(ErrorCode.INVALID_FILE, detail) from None
        return self._page[1]

    def _texts(self, number: int) -> pypdfium2.PdfTextPage:
        page = self._loaded(number)
        if self._text is None:
            try:
                self._text = number, page.get_textpage()
            except pypdfium2.PdfiumError as error:
                detail = f"The text of page {number} of {self.file.name!r} can't be read: {error}"
                raise FilemillError(ErrorCode.INVALID_FILE, detail) from None
        return self._text[1]


def _drawn(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, width: int, height: int, *, grey: bool) -> pyvips.Image:
    """Draw a page in exactly so many pixels."""
    # In one band there is no order to reverse, and PDFium leaves pictures out where it is told to.
    flags = pdfium.FPDF_ANNOT | (pdfium.FPDF_GRAYSCALE if grey else pdfium.FPDF_REVERSE_BYTE_ORDER)
    form = pdfium.FPDFBitmap_Gray if grey else pdfium.FPDFBitmap_BGR
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, form, rev_byteorder=not grey)
    try:
        bitmap.fill_rect(_WHITE, 0, 0, width, height)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        if pdf.formenv:
            pdfium.FPDF_FFLDraw(pdf.formenv, bitmap, page, 0, 0, width, height, 0, flags)
        rows = pyvips.Image.new_from_memory(bitmap.buffer, bitmap.stride, height, 1, "uchar")
        image = rows.crop(0, 0, width * bitmap.n_channels, height)  # rows may be padded
        return (image if grey else image.bandfold(factor=bitmap.n_channels)).copy_memory()
    finally:
        bitmap.close()

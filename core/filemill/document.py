"""The document that flows through a pipeline: a PDF that can show its pages and their text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pyvips
from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts, File
from filemill.picture import Picture

POINTS_PER_INCH = 72


class Document(Struct, frozen=True):
    """A PDF file on disk. PDFium is not thread-safe: render and read in a worker process only.

    Fields:
        file: the PDF.
        pages: number of pages.
        password: what opens it, where it needs that.
    """

    file: File
    pages: int
    password: str | None = None

    @property
    def facts(self) -> Facts:
        """The number of pages."""
        return {"pages": self.pages}

    def size(self, number: int) -> tuple[float, float]:
        """Return a page's width and height in points, as it is shown; pages count from 1."""
        with self._page(number) as page:
            width, height = page.get_size()
        return width, height

    def text(self, number: int) -> str:
        """Return the text layer of a page (from 1): empty where it has none."""
        with self._page(number) as page:
            return str(page.get_textpage().get_text_bounded())

    def render(self, number: int, dpi: float) -> Picture:
        """Draw a page (from 1) at a resolution in dots per inch, on white."""
        with self._page(number) as page:
            bitmap = page.render(scale=dpi / POINTS_PER_INCH, rev_byteorder=True, prefer_bgrx=False)
            image = pyvips.Image.new_from_memory(
                bitmap.buffer, bitmap.width, bitmap.height, bitmap.n_channels, "uchar"
            ).copy_memory()
        dots_per_mm = dpi / 25.4
        return Picture.of(image.copy(interpretation="srgb", xres=dots_per_mm, yres=dots_per_mm))

    @contextmanager
    def _page(self, number: int) -> Iterator[pypdfium2.PdfPage]:
        try:
            with pypdfium2.PdfDocument(self.file.path, password=self.password) as pdf:
                yield pdf[number - 1]
        except pypdfium2.PdfiumError as error:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} can't be read: {error}") from None

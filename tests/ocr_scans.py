"""Scans made on the spot: pages of a text, leaning, turned, as pictures or in a PDF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pikepdf
import pyvips

from filemill import Document, File
from filemill.task import Made

TEXT = """The river ran past the old mill and under the
stone bridge. Twelve men carried the grain to
the yard, and the wheel turned from morning
until night. Nobody in the village remembered
a winter so long, nor bread of such a taste."""


Do = Callable[..., Made]


@dataclass
class Scans:
    """Makes scans in a folder."""

    folder: Path

    def image(self, text: str = TEXT, *, dpi: int = 200, lean: float = 0, turn: int = 0) -> pyvips.Image:
        """Draw a page of text in grey: black on white, its lines leaning, the page turned clockwise."""
        letters = pyvips.Image.text(escape(text), font="DejaVu Serif 12", dpi=dpi)
        page = letters.invert().gravity("centre", letters.width + dpi, letters.height + dpi, extend="white")
        if lean:
            page = page.rotate(lean, background=255).cast("uchar")
        if turn:
            page = page.rot(f"d{turn}")
        return page.copy(interpretation="b-w", xres=dpi / 25.4, yres=dpi / 25.4)

    def png(self, name: str = "scan.png", **how: Any) -> Path:
        """Write such a page as PNG."""
        path = self.folder / name
        self.image(**how).pngsave(str(path))
        return path

    def pdf(self, *pages: pyvips.Image, name: str = "scan.pdf", rotate: int = 0, origin: float = 0) -> Path:
        """Write pictures as pages of a PDF, at 200 dpi, turned by `/Rotate` and with an origin elsewhere."""
        pdf = pikepdf.new()
        for image in pages:
            width, height = image.width * 72 / 200, image.height * 72 / 200
            page = pdf.add_blank_page(page_size=(width, height))
            page.mediabox = [origin, origin, origin + width, origin + height]
            stream = pdf.make_stream(
                bytes(image.write_to_memory()),
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=image.width,
                Height=image.height,
                ColorSpace=pikepdf.Name.DeviceGray,
                BitsPerComponent=8,
            )
            page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/Im": stream}))
            page.obj.Contents = pdf.make_stream(f"{width} 0 0 {height} {origin} {origin} cm /Im Do".encode())
            if rotate:
                page.obj.Rotate = rotate
        path = self.folder / name
        pdf.save(path, deterministic_id=True)
        return path


def opened(path: str | Path) -> Document:
    """Open a PDF."""
    return Document.read(File(Path(path), Path(path).name, "pdf", Path(path).stat().st_size))

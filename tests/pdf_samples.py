"""Small PDFs made on the spot, and what can be seen of the ones that were made of them."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pyvips
from pikepdf import Array, Dictionary, Name, Stream

from filemill import Document, File
from filemill.testing.samples import drawing

A5 = (420, 595)


def text_pdf(path: Path, *texts: str, size: tuple[float, float] = A5, rotate: int = 0) -> Path:
    """Write a PDF with a page for each text."""
    with pikepdf.new() as pdf:
        for text in texts:
            page = pdf.add_blank_page(page_size=size)
            font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
            page.obj.Contents = pdf.make_stream(f"BT /F1 20 Tf 40 300 Td ({text}) Tj ET".encode())
            if rotate:
                page.obj.Rotate = rotate
        pdf.save(path, deterministic_id=True)
    return path


def photo(width: int = 1200, height: int = 900) -> pyvips.Image:
    """Draw a picture with grain, the same each time."""
    grain = pyvips.Image.gaussnoise(width, height, sigma=6, mean=0, seed=7)
    return (drawing(width, height) + grain).cast("uchar").copy(interpretation="srgb").copy_memory()


def flate(pdf: pikepdf.Pdf, image: pyvips.Image, **more: object) -> Stream:
    """Make a picture stream of raw pixels; qpdf deflates it when it is saved."""
    space = Name.DeviceGray if image.bands == 1 else Name.DeviceRGB
    about = {
        "/Type": Name.XObject,
        "/Subtype": Name.Image,
        "/Width": image.width,
        "/Height": image.height,
        "/ColorSpace": space,
        "/BitsPerComponent": 8,
    }
    about |= {f"/{key}": value for key, value in more.items()}
    return Stream(pdf, bytes(image.write_to_memory()), Dictionary(about))


def draws(pdf: pikepdf.Pdf, content: str, size: tuple[float, float] = A5, /, **objects: pikepdf.Object) -> pikepdf.Page:
    """Add a page with a content that draws objects by their names."""
    page = pdf.add_blank_page(page_size=size)
    named = {f"/{name}": pdf.make_indirect(item) for name, item in objects.items()}
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(XObject=Dictionary(named), Font=Dictionary(F1=font))
    page.obj.Contents = pdf.make_stream(content.encode())
    return page


def form(pdf: pikepdf.Pdf, content: str, box: tuple[float, float] = A5, /, **objects: pikepdf.Object) -> Stream:
    """Make a form that draws objects by their names."""
    named = {f"/{name}": item for name, item in objects.items()}
    return Stream(
        pdf,
        content.encode(),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, *box]),
        Resources=Dictionary(XObject=Dictionary(named)),
    )


def opened(path: str | Path, password: str | None = None) -> Document:
    """Open a PDF with PDFium."""
    return Document.read(File(Path(path), Path(path).name, "pdf", Path(path).stat().st_size), password=password)


def page_pixels(path: str | Path, number: int = 1, dpi: float = 72, password: str | None = None) -> pyvips.Image:
    """Draw a page."""
    return opened(path, password).render(number, dpi).settled


def difference(one: pyvips.Image, other: pyvips.Image) -> float:
    """Return the mean difference of two pictures of one size, of 255."""
    assert (one.width, one.height, one.bands) == (other.width, other.height, other.bands)
    return float((one - other).abs().avg())


def ink_box(image: pyvips.Image, threshold: float = 10) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what is not white."""
    left, top, width, height = image.find_trim(threshold=threshold, background=[255] * image.bands)
    return int(left), int(top), int(width), int(height)

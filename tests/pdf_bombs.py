"""PDFs of a few thousand bytes that unfold to more than a machine holds, or to work without end."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from bombs import MEBIBYTE
from pdf_samples import draws, form


def gibibyte(start: bytes = b"") -> bytes:
    """Return a start and a GiB of zeros after it, deflated."""
    zeros = bytes(MEBIBYTE)
    packer = zlib.compressobj()
    begun = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.adler32(start)
    for _ in range(1 << 10):
        check = zlib.adler32(zeros, check)
    return begun + block * (1 << 10) + b"\x03\x00" + check.to_bytes(4, "big")


def page_deflated_three_times(path: Path) -> None:
    """Write a page whose content of less than 50 kB unfolds to a GiB."""
    with pikepdf.new() as pdf:
        page = draws(pdf, "")
        content = Stream(pdf, zlib.compress(zlib.compress(gibibyte(), 9), 9))
        content["/Filter"] = Array([Name.FlateDecode] * 3)
        page.obj.Contents = pdf.make_indirect(content)
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert path.stat().st_size < 50_000


PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << >> /Annots [4 0 R] >>"
NOTE = b"<< /Type /Annot /Subtype /Text /Rect [10 10 40 40] /Contents (a note) >>"


def packed(
    path: Path, number: int, data: bytes, about: bytes = b"/N 1 /First 4 /Filter /FlateDecode", root: bytes = b"/Root"
) -> None:
    """Write a document of a page with a note of which one stands in a stream of objects: 3 the page, 4 the note."""
    plain = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        3: PAGE,
        4: NOTE,
        5: b"<< /Type /ObjStm %s /Length %d >>\nstream\n%s\nendstream" % (about, len(data), data),
    }
    del plain[number]
    written, places = b"%PDF-1.7\n", {0: (0, 0, 65535), number: (2, 5, 0)}
    for key, item in plain.items():
        places[key] = (1, len(written), 0)
        written += b"%d 0 obj %s endobj\n" % (key, item)
    places[6] = (1, len(written), 0)
    table = b"".join(
        b"%c%b%b" % (kind, at.to_bytes(4, "big"), more.to_bytes(2, "big"))
        for _, (kind, at, more) in sorted(places.items())
    )
    path.write_bytes(
        written
        + b"6 0 obj << /Type /XRef /Size 7 /W [1 4 2] %s 1 0 R /Length %d >>\nstream\n%s\nendstream endobj\n"
        % (root, len(table), table)
        + b"startxref\n%d\n%%%%EOF\n" % len(written)
    )


def object_stream(path: Path) -> None:
    """Write a document whose only page stands in a stream of objects that unfolds to a GiB."""
    packed(path, 3, gibibyte(b"3 0 " + PAGE))


def forms_in_forms(path: Path) -> None:
    """Write ten levels of forms that each draw the next one ten times: 10^10 drawings."""
    with pikepdf.new() as pdf:
        inner = pdf.make_indirect(form(pdf, "0 0 1 1 re f"))
        for _ in range(10):
            inner = pdf.make_indirect(form(pdf, "/Fm Do " * 10, Fm=inner))
        draws(pdf, "/Fm Do", Fm=inner)
        pdf.save(path)


def form_that_draws_itself(path: Path) -> None:
    """Write a form that draws itself, twice."""
    with pikepdf.new() as pdf:
        ring = pdf.make_indirect(form(pdf, "/Fm Do /Fm Do"))
        ring.Resources.XObject.Fm = ring
        draws(pdf, "/Fm Do", Fm=ring)
        pdf.save(path)


def page_99_000_times(path: Path) -> None:
    """Write a tree that names one page 99,000 times."""
    kids = b"3 0 R " * 99_000
    _write(
        path,
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 99000 /Kids [" + kids + b"] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    )


def pages_99_000(path: Path) -> None:
    """Write a tree of 99,000 pages."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 99_003))
    _write(
        path,
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 99000 /Kids [" + kids + b"] >>",
        *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * 99_000,
    )


def _write(path: Path, *objects: bytes) -> None:
    """Write objects, numbered from 1, with their table."""
    with path.open("wb") as stream:
        stream.write(b"%PDF-1.7\n")
        table = [b"0000000000 65535 f \n"]
        for number, item in enumerate(objects, 1):
            table.append(b"%010d 00000 n \n" % stream.tell())
            stream.write(b"%d 0 obj %s endobj\n" % (number, item))
        start = stream.tell()
        stream.write(b"xref\n0 %d\n%s" % (len(table), b"".join(table)))
        stream.write(b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(table), start))


def page_of_700_metres(path: Path) -> None:
    """Write a page of 2,000,000 points."""
    with pikepdf.new() as pdf:
        page = draws(pdf, "BT /F1 20 Tf 40 300 Td (text) Tj ET")
        page.obj.MediaBox = Array([0, 0, 2_000_000, 2_000_000])
        pdf.save(path)


def picture_that_lies(path: Path) -> None:
    """Write a picture of 100 x 100 pixels whose stream unfolds to a GiB."""
    with pikepdf.new() as pdf:
        about = Dictionary(
            Type=Name.XObject, Subtype=Name.Image, Width=100, Height=100, ColorSpace=Name.DeviceGray, BitsPerComponent=8
        )
        picture = Stream(pdf, gibibyte(), about)
        picture["/Filter"] = Name.FlateDecode
        draws(pdf, "q 100 0 0 100 0 0 cm /Im Do Q", Im=picture)
        pdf.save(path, compress_streams=False)


BOMBS: dict[str, Callable[[Path], None]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        page_deflated_three_times, object_stream, forms_in_forms, form_that_draws_itself, page_99_000_times,
        pages_99_000, page_of_700_metres, picture_that_lies,
    )
}  # fmt: skip

"""Files that are slow to read or to work on, and small enough to send: made once each, when they are asked for."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import openpyxl
import pikepdf
import pillow_jxl  # noqa: F401 - it registers itself with Pillow
import pyvips
from PIL import Image

import bombs
from hostile_media import many_streams
from media_files import AUDIO_CODECS, ffmpeg
from office_documents import rewrite_zip, write_docx, write_zip
from pdf_bombs import forms_in_forms
from pdf_samples import draws, flate, form

Make = Callable[[Path], object]
_MEBIBYTE = 1 << 20
_WIDE = 9000
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"


class SlowFiles:
    """Such files, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the path of one by its name in `FILES`; the first time, it is made."""
        path = self._folder / name
        if not path.exists():
            FILES[name](path)
        return path


def _noise(width: int, height: int, bands: int = 3) -> pyvips.Image:
    """Noise is what every encoder and every reader of letters takes longest for."""
    made = [pyvips.Image.gaussnoise(width, height, mean=128, sigma=60, seed=seed) for seed in range(bands)]
    space = "srgb" if bands > 1 else "b-w"
    return made[0].bandjoin(made[1:]).cast("uchar").copy(interpretation=space).copy_memory()


def _picture(path: Path, width: int, height: int, **options: object) -> None:
    _noise(width, height).write_to_file(str(path), **options)


def _flat(path: Path, width: int, height: int, **options: object) -> None:
    """A flat picture of many pixels takes few bytes, and as long to decode."""
    pyvips.Image.black(width, height, bands=3).copy(interpretation="srgb").write_to_file(str(path), **options)


def _by_pillow(path: Path, **options: object) -> None:
    """Write a flat picture in a format that the wheel of libvips has not."""
    Image.new("RGB", (5000, 5000)).save(path, **options)


def _content(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _blurs(path: Path) -> None:
    """Write a drawing of filters in a row, each over 81 million pixels."""
    row = '<feGaussianBlur stdDeviation="90"/><feTurbulence numOctaves="9" baseFrequency="0.9"/>' * 40
    shape = f'<rect width="{_WIDE}" height="{_WIDE}" filter="url(#f)"/>'
    path.write_bytes(bombs.svg(f'<filter id="f">{row}</filter>{shape}', size=f'width="{_WIDE}" height="{_WIDE}"'))


def _pages(path: Path) -> None:
    """Write a document of 1,500 pages, each with a form that all share and a field of its own."""
    with pikepdf.new() as pdf:
        shared = pdf.make_indirect(form(pdf, "0 0 9 9 re f"))
        fields = pikepdf.Array()
        for number in range(1500):
            page = draws(pdf, "/Fm Do " * 50, Fm=shared)
            field = pdf.make_indirect(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T=f"field {number}",
                    Rect=pikepdf.Array([10, 10, 90, 30]), P=page.obj, V="x" * 200,
                )
            )  # fmt: skip
            page.obj.Annots = pikepdf.Array([field])
            fields.append(field)
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=fields, NeedAppearances=True)
        pdf.save(path)


def _pictures(path: Path) -> None:
    """Write a document of sixteen pages with three million pixels of noise on each, all of them different."""
    with pikepdf.new() as pdf:
        noise = _noise(2000, 1500)
        for number in range(16):
            image = noise.wrap(x=number * 7).copy_memory().jpegsave_buffer(Q=40)
            picture = pikepdf.Stream(
                pdf, image, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=2000, Height=1500,
                ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            )  # fmt: skip
            draws(pdf, "q 400 0 0 400 0 0 cm /Im Do Q", Im=picture)
        draws(pdf, "q 9 0 0 9 0 0 cm /Im Do Q", Im=flate(pdf, noise))
        pdf.save(path)


def _film(path: Path) -> None:
    """Write ten minutes of black with a tone, in a few hundred kilobytes: they take minutes to encode."""
    second = path.with_name("second.mkv")
    black = ("-f", "lavfi", "-i", "color=black:size=1280x720:rate=25:duration=1")
    tone = ("-f", "lavfi", "-i", "sine=duration=1")
    codecs = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-b:a", "16k")
    ffmpeg(*black, *tone, *codecs, output=second)
    ffmpeg("-stream_loop", "599", "-i", second, "-c", "copy", output=path)


def _song(path: Path) -> None:
    """Write ten hours of a tone."""
    second = path.with_name(f"second{path.suffix}")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=10", "-b:a", "6k", *AUDIO_CODECS[path.suffix[1:]], output=second)
    ffmpeg("-stream_loop", "3599", "-i", second, "-c", "copy", output=path)


def _streams(path: Path) -> None:
    """Write a video of a hundred streams, the most that are looked at."""
    second = ffmpeg("-f", "lavfi", "-i", "testsrc2=duration=1", output=path.with_name("one-stream.mp4"))
    path.write_bytes(many_streams(second.read_bytes(), 98))


def _tar(path: Path, content: bytes) -> None:
    """Write an archive of one file, in one xz stream where the name says so."""
    inside = tarfile.TarInfo("inside")
    inside.size = len(content)
    with tarfile.open(fileobj=(plain := io.BytesIO()), mode="w") as archive:
        archive.addfile(inside, io.BytesIO(content))
    path.write_bytes(lzma.compress(plain.getvalue(), preset=0) if path.suffix == ".xz" else plain.getvalue())


def _entries(path: Path) -> None:
    """Write an archive of many entries in one xz stream: each is found by unpacking all before."""
    with lzma.open(path, "wb", preset=0) as target, tarfile.open(fileobj=target, mode="w|") as archive:
        for number in range(60_000):
            archive.addfile(tarfile.TarInfo(f"{number:05}/{'x' * 60}"))


def _tables(path: Path) -> None:
    """Write a document of tables in tables, ten thousand deep: LibreOffice is at it for minutes."""
    body = b"<w:tbl><w:tr><w:tc>" * 10_000 + b"<w:p/>" + b"</w:tc></w:tr></w:tbl>" * 10_000

    def deeper(name: str, content: bytes) -> bytes:
        return content.replace(b"<w:sectPr", body + b"<w:sectPr", 1) if name == "word/document.xml" else content

    rewrite_zip(write_docx(path.with_name("whole.docx")), path, deeper, {})


def _cells(path: Path) -> None:
    """Write a sheet of sums over all cells before them."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sums")
    for row in range(1, 4000):
        sheet.append([f"=SUM(A$1:J{max(1, row - 1)})*{column}" if row > 1 else column for column in range(10)])
    book.save(path)


def _slides(path: Path) -> None:
    """Write 400 slides of 100 boxes."""
    words = "<draw:text-box><text:p>Words</text:p></draw:text-box>"
    box = f'<draw:frame svg:width="5cm" svg:height="2cm">{words}</draw:frame>'
    slides = "".join(f'<draw:page draw:name="{number}">{box * 100}</draw:page>' for number in range(400))
    names = {prefix: f"{_OASIS}{prefix}:1.0" for prefix in ("office", "text", "manifest")}
    names |= {"draw": f"{_OASIS}drawing:1.0", "svg": f"{_OASIS}svg-compatible:1.0"}
    spaces = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    kind = "application/vnd.oasis.opendocument.presentation"
    entry = f'<manifest:file-entry manifest:full-path="{{}}" manifest:media-type="{kind}"/>'
    entries = entry.format("/") + entry.format("content.xml")
    body = f"<office:body><office:presentation>{slides}</office:presentation></office:body>"
    files: Mapping[str, str | bytes] = {
        "mimetype": kind,
        "META-INF/manifest.xml": f'<manifest:manifest {spaces} manifest:version="1.2">{entries}</manifest:manifest>',
        "content.xml": f'<office:document-content {spaces} office:version="1.2">{body}</office:document-content>',
    }
    write_zip(path, files)


_LINE = "The river ran past the old mill and under the stone bridge, αβγδε ζηθικ. "

FILES: dict[str, Make] = {
    "noise.png": partial(_picture, width=1000, height=1000, compression=1),
    "grey.png": lambda path: _noise(2000, 2000, bands=1).pngsave(str(path), compression=1),
    "scans.jpg": partial(_content, content=bombs.many_scans(1000, 9000, 9000)),
    "flat.png": partial(_flat, width=_WIDE, height=_WIDE, interlace=True),
    "flat.jp2": _by_pillow,
    "flat.jxl": partial(_by_pillow, effort=1),
    "flat.tif": partial(_flat, width=_WIDE, height=_WIDE, compression="deflate", tile=True),
    "flat.avif": partial(_flat, width=4000, height=4000, effort=0),
    "noise.webp": partial(_picture, width=2000, height=2000, lossless=True, effort=0),
    "frames.gif": partial(_content, content=bombs.gif(1000, 1000, 250)),
    "uses.svg": partial(_content, content=bombs.svg_of_uses(11)),
    "blurs.svg": _blurs,
    "forms.pdf": forms_in_forms,
    "pages.pdf": _pages,
    "pictures.pdf": _pictures,
    "film.webm": _film,
    "song.opus": _song,
    "song.mp3": _song,
    "streams.mp4": _streams,
    "noise.tar": lambda path: _tar(path, os.urandom(40 * _MEBIBYTE)),
    "zeros.tar.xz": lambda path: _tar(path, bytes(190 * _MEBIBYTE)),
    "entries.tar.xz": _entries,
    "tables.docx": _tables,
    "words.txt": partial(_content, content=(_LINE * 9 + "\n").encode() * 9000),
    "quotes.md": partial(_content, content=b"> " * 90 + b"*a **b\n" * 50_000),
    "cells.csv": partial(_content, content=("1.5,words,2026-01-02," * 12 + "\n").encode() * 20_000),
    "cells.xlsx": _cells,
    "slides.odp": _slides,
}  # fmt: skip
"""What makes each of them, by name."""

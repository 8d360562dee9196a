"""Everything hostile that the tests know how to make, with what is asked of it, for whoever looks at a whole server."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bombs
from hostile_media import avi, elsewhere, long_samples, many_streams
from leaky_pdfs import leaky
from media_files import ffmpeg
from office_documents import write_compound, write_docx
from pdf_bombs import BOMBS
from slow_files import SlowFiles

SERVER_BYTES = 300 << 20
"""What the web process may hold."""
_KEPT_BYTES = 400 << 20
"""What a worker may hold before a task: above it, it is replaced."""


def ceiling(workers: int, memory_bytes: int) -> int:
    """Return what a server and all it starts may hold together: a task has its memory once, and its program again."""
    return SERVER_BYTES + workers * (_KEPT_BYTES + 2 * memory_bytes)


@dataclass(frozen=True)
class Hostile:
    """A file and what is asked of it: a path of the API with its query."""

    name: str
    content: bytes
    paths: tuple[str, ...]


_SHOWN = ("resize?width=64", "picture-info?colours=10&hashes=true", "convert?format=avif", "convert?format=pdf")
_READ = ("rasterize?pages=1&dpi=150", "extract-text", "pdf-info", "ocr")
_CHANGED = ("compress-pdf", "split-pdf", "merge-pdf", "watermark-pdf?text=x")
_PLAYED = ("video-thumbnail", "media-info", "compress-media", "convert?format=gif")
_UNPACKED = ("list-archive", "extract", "convert?format=tar-xz")
_LAID_OUT = ("convert?format=pdf", "convert?format=odt")


def hostile_files(folder: Path) -> Iterator[Hostile]:
    """Make all of them, one after the other."""
    for name, content in {**bombs.pictures(), **bombs.drawings(), **bombs.endless()}.items():
        yield Hostile(name, content, _UNPACKED if name.startswith(("zip", "gzip")) else _SHOWN)
    for name, make in {**BOMBS, "leaky": leaky}.items():
        make(folder / "bomb.pdf")
        yield Hostile(f"{name}.pdf", (folder / "bomb.pdf").read_bytes(), _READ + _CHANGED)
    film = ffmpeg("-f", "lavfi", "-i", "testsrc2=duration=1", output=folder / "film.mp4").read_bytes()
    films = {
        "size.avi": avi(size=(60_000, 60_000)),
        "subtitles.avi": avi(subtitles=b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n" * 10_000),
        "streams.mp4": many_streams(film, 10_000),
        "elsewhere.mp4": elsewhere(film, "/etc/passwd"),
        "long.mp4": long_samples(film),
    }
    for name, content in films.items():
        yield Hostile(name, content, _PLAYED)
    slow = SlowFiles(folder)
    for name, paths in {
        "zeros.tar.xz": _UNPACKED,
        "entries.tar.xz": _UNPACKED,
        "tables.docx": _LAID_OUT,
        "slides.odp": ("convert?format=pdf",),
        "pages.pdf": _CHANGED,
        "pictures.pdf": (*_CHANGED, "ocr"),
        "blurs.svg": _SHOWN,
        "scans.jpg": _SHOWN,
        "flat.png": (*_SHOWN, "ocr", "blur?sigma=250", "oil-paint"),
    }.items():
        yield Hostile(name, slow.path(name).read_bytes(), paths)
    yield Hostile("bomb.docx", _bomb(write_docx(folder / "bomb.docx")), _LAID_OUT)
    compound = write_compound(folder / "compound.doc", "WordDocument", "1Table")
    yield Hostile("compound.doc", compound.read_bytes(), _LAID_OUT)


def _bomb(path: Path) -> bytes:
    """Have a document hold 100 MiB of zeros more."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/more.xml", "w") as stream:
        for _ in range(100):
            stream.write(bytes(1 << 20))
    return path.read_bytes()

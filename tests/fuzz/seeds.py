"""Whole small files of every format that is read, made on the spot."""

from __future__ import annotations

import io
import tarfile
import wave
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf
import pillow_heif
from PIL import Image

from filemill.context import Context
from filemill.encoding import NO_WISH
from filemill.limits import Limits
from filemill.picture import Picture
from filemill.testing.samples import drawing, write_pdf
from fuzz.parts import registry
from office_documents import write_compound, write_docx, write_pptx, write_xlsx, write_zip
from picture_codecs import write_dng
from structured_pdfs import structured

Convert = Callable[[Path, str], Path]
"""Converts a file into a format, as the server does."""

_TEXTS = {
    "csv": 'name,count\r\n"Müller, Söhne",3\r\n',
    "html": "<!DOCTYPE html>\n<html><head><title>A</title></head><body><h1>B</h1><table><tr><td>1</td></tr></table>"
    '<a href="https://example.com">c</a><p style="color: red">d &amp; e</p></body></html>\n',
    "md": "# A\n\n* one\n* [two](https://example.com)\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "rtf": r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0\fs24 A {\b bold} word.\par}",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="48">'
    '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient><filter id="f">'
    '<feGaussianBlur stdDeviation="2"/></filter></defs><style>rect { fill: url(#g) }</style>'
    '<rect width="40" height="30" filter="url(#f)"/><path d="M1 1 C 20 20 40 0 60 40 Z"/><text x="5" y="20">'
    'Abc</text><use xlink:href="#g"/></svg>',
    "text": "The quick brown fox.\nVoilà: zwölf Boxkämpfer, 五, 🦊.\n",
}
_TARS = {"tar": "w", "tar-bz2": "w:bz2", "tar-gz": "w:gz", "tar-xz": "w:xz"}
_STREAMS = {
    "doc": ("WordDocument",),
    "encrypted-office": ("EncryptedPackage", "EncryptionInfo"),
    "ppt": ("PowerPoint Document",),
    "xls": ("Workbook",),
}
_OPEN_DOCUMENTS = {"odp": "presentation", "ods": "spreadsheet", "odt": "text"}
_FROM = {
    "7z": "zip", "tar-zst": "zip", "doc": "text", "odt": "text", "xls": "csv", "ods": "csv", "ppt": "pptx",
    "odp": "pptx",
    "mp4": "gif", "mov": "gif", "mkv": "gif", "webm": "gif", "avi": "gif", "mp3": "wav", "m4a": "wav", "aac": "wav",
    "ogg": "wav", "opus": "wav", "flac": "wav",
}  # fmt: skip
"""What a conversion makes of something else."""


class Seeds:
    """Makes files in a folder.

    Args:
        folder: an existing one; each format has one below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "seeds"
        self._folder.mkdir(exist_ok=True)
        self._quick: dict[str, Sequence[Path]] = {}

    def quick(self) -> dict[str, Sequence[Path]]:
        """Make those that need no other program; of some formats only what tells them by their beginning."""
        if not self._quick:
            self._quick = self._made()
        return self._quick

    def _made(self) -> dict[str, Sequence[Path]]:
        made: dict[str, Sequence[Path]] = {}
        for form in registry().formats.written(Picture):
            if form.open is not None:
                made[form.name] = [self._picture(form.name, transparent) for transparent in (False, True)]
        for name, text in _TEXTS.items():
            made[name] = [self._file(name, text.encode())]
        for name, mode in _TARS.items():
            made[name] = [self._file(name, _tar(mode))]
        for name, streams in _STREAMS.items():
            made[name] = [write_compound(self._path(name), *streams)]
        for name, kind in _OPEN_DOCUMENTS.items():
            made[name] = [
                write_zip(self._path(name), {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "a": ""})
            ]
        made["zip"] = [self._zip()]
        made["docx"] = [write_docx(self._path("docx"))]
        made["xlsx"] = [write_xlsx(self._path("xlsx"))]
        made["pptx"] = [write_pptx(self._path("pptx"))]
        made["heic"] = [self._heic()]
        made["raw"] = [write_dng(self._path("raw"), drawing())]
        made["wav"] = [self._wav()]
        made["pdf"] = self._documents()
        return made

    def whole(self, name: str, convert: Convert) -> Sequence[Path]:
        """Make good ones of one format."""
        made = self.quick()
        if name in _FROM:
            return [convert(made[_FROM[name]][0], name)]
        assert name in made, f"there is no file to begin with: tests/fuzz/seeds.py should make a {name!r}"
        return made[name]

    def _path(self, name: str, variant: str = "") -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return folder / f"seed{variant}.{registry().formats[name].extensions[0]}"

    def _file(self, name: str, data: bytes) -> Path:
        path = self._path(name)
        path.write_bytes(data)
        return path

    def _picture(self, name: str, transparent: bool) -> Path:
        form = registry().formats[name]
        assert form.save is not None
        path = self._path(name, "-transparent" if transparent else "")
        context = Context(limits=Limits(), folder=self._folder, formats=registry().formats)
        form.save(Picture.of(drawing(transparent=transparent and form.transparent)), path, NO_WISH, context)
        return path

    def _zip(self) -> Path:
        path = self._path("zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/one.txt", "one" * 40)
            archive.writestr("two.txt", "two", zipfile.ZIP_STORED)
        return path

    def _heic(self) -> Path:
        path = self._path("heic")
        image = Image.fromarray(drawing().numpy())
        pillow_heif.from_pillow(image).save(path, quality=50)
        return path

    def _wav(self) -> Path:
        path = self._path("wav")
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"".join((index * 997 % 9000).to_bytes(2, "little") for index in range(4000)))
        return path

    def _documents(self) -> list[Path]:
        """Make a plain document, and one with all there is; neither has a stream that is packed."""
        plain, rich = self._path("pdf"), self._path("pdf", "-structured")
        write_pdf(plain)
        structured(rich, "A")
        with pikepdf.open(rich, allow_overwriting_input=True) as pdf:
            pdf.save(compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
        return [plain, rich]


def _tar(mode: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for name in ("one.txt", "a/two.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 600
            archive.addfile(entry, io.BytesIO(name.encode() * 100))
    return packed.getvalue()

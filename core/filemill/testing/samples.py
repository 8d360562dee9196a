"""Small files to try operations on, made on the spot from what the installed formats can write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pypdf
import pyvips
from pypdf.generic import ContentStream, DecodedStreamObject, DictionaryObject, NameObject

from filemill.context import Context
from filemill.document import Document
from filemill.encoding import NO_WISH
from filemill.formats import Format
from filemill.kinds import Text
from filemill.limits import Limits
from filemill.picture import Picture
from filemill.registry import Registry

WIDTH, HEIGHT = 64, 48
"""Pixels of a sample picture."""
TEXT = "The quick brown fox jumps over the lazy dog.\nVoilà: zwölf Boxkämpfer, 五, 🦊.\n"
MakeSamples = Callable[[Path], Sequence[Path]]
"""Makes files of a plugin's own kinds in a folder."""

_FIRST = ("jpeg", "png", "gif")
_PAGE = "BT /F1 24 Tf 20 100 Td (Page {number} of two) Tj ET"


class Samples:
    """Sample files of every kind, in a folder.

    Args:
        registry: whose formats are used.
        folder: where the files are made.
        own: files of the kinds of a plugin, if any.
    """

    def __init__(self, registry: Registry, folder: Path, own: Sequence[Path] = ()) -> None:
        self._registry = registry
        self._folder = folder
        self._own = own
        self._made: dict[type, list[Path]] = {}
        self._extended: dict[MakeSamples, Samples] = {}

    def extended(self, make: MakeSamples) -> Samples:
        """Return these samples and those of a plugin's own kinds, which are made once."""
        if make not in self._extended:
            folder = self._folder / f"own-{len(self._extended)}"
            folder.mkdir()
            self._extended[make] = Samples(self._registry, folder, make(folder))
        return self._extended[make]

    @property
    def pictures(self) -> list[Path]:
        """A JPEG, a PNG and a GIF; other formats that are read and written where those are not installed."""
        return self._once(Picture)

    @property
    def documents(self) -> list[Path]:
        """A PDF of two pages with text, where some format opens it."""
        return self._once(Document)

    @property
    def texts(self) -> list[Path]:
        """A text of two lines, and an empty line."""
        return self._once(Text)

    def of(self, *kinds: type) -> list[Path]:
        """Return all samples that open into one of some kinds, or all of them where any file is taken."""
        known: dict[type, list[Path]] = {Picture: self.pictures, Document: self.documents, Text: self.texts}
        every = [(self._kind(path), path) for path in self._own]
        every += [(kind, path) for kind, paths in known.items() for path in paths]
        found = [path for kind, path in every if any(issubclass(kind, one) for one in kinds)]
        return found if found or any(kind in known for kind in kinds) else [path for _, path in every]

    def _kind(self, path: Path) -> type:
        return self._registry.formats[self._registry.formats.sniff(path, path.name).format].kind

    def _once(self, kind: type) -> list[Path]:
        if kind not in self._made:
            self._made[kind] = {Picture: self._pictures, Document: self._documents, Text: self._texts}[kind]()
        return self._made[kind]

    def _pictures(self) -> list[Path]:
        formats = [form for form in self._registry.formats.written(Picture) if form.open is not None]
        formats.sort(key=lambda form: _FIRST.index(form.name) if form.name in _FIRST else len(_FIRST))
        return [self._picture(form) for form in formats[: len(_FIRST)]]

    def _picture(self, form: Format) -> Path:
        path = self._folder / f"sample.{form.extensions[0]}"
        assert form.save is not None
        context = Context(limits=Limits(), folder=self._folder, formats=self._registry.formats)
        form.save(Picture.of(drawing(transparent=form.transparent)), path, NO_WISH, context)
        return path

    def _documents(self) -> list[Path]:
        path = self._folder / "sample.pdf"
        write_pdf(path)
        if any(form.open and form.kind is Document for form in self._registry.formats):
            return [path]
        return []

    def _texts(self) -> list[Path]:
        path, line = self._folder / "sample.txt", self._folder / "line.txt"
        path.write_text(TEXT, encoding="utf-8")
        line.write_text("\n", encoding="utf-8")
        return [path, line]


def drawing(width: int = WIDTH, height: int = HEIGHT, *, transparent: bool = False) -> pyvips.Image:
    """Draw a colourful picture in sRGB, the same each time; transparent: with an alpha band that fades."""
    ramps = pyvips.Image.xyz(width, height)
    across, down = ramps[0] * (255 / max(width - 1, 1)), ramps[1] * (255 / max(height - 1, 1))
    waves = (ramps[0] * 20).sin() * 60 + 128
    bands = across.bandjoin([down, waves] + ([255 - across] if transparent else []))
    return bands.cast("uchar").copy(interpretation="srgb").copy_memory()


def write_pdf(path: Path) -> None:
    """Write a PDF of two pages, each with a line of text."""
    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for number in ("one", "two"):
        page = writer.add_blank_page(width=300, height=200)
        content = DecodedStreamObject()
        content.set_data(_PAGE.format(number=number).encode())
        page.replace_contents(ContentStream(content, writer))
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    with path.open("wb") as stream:
        writer.write(stream)

"""Formats: how a file is recognised by its content, opened into a kind, and saved from it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Data, File, Text

if TYPE_CHECKING:
    from filemill.context import Context
    from filemill.encoding import Encoding

SNIFF_BYTES = 4096
"""How much of a file's beginning a format sees when it is asked whether the file is its own, bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A file format of one kind.

    Fields:
        name: lower-case name on the wire, such as `jpeg`.
        title: name for people.
        media_types: the first one is sent, all are understood.
        extensions: without a dot; the first one names results, all are understood as names.
        kind: the class `open` gives and `save` takes: `Picture`, `Document`, `Text`, `Data`, a kind of the
            plugin's own (see `kinds.Held`), or `File` where nothing but conversions takes it.
        sniff: whether a file that starts with these bytes (at most `SNIFF_BYTES`) is of this format.
        look: asked after a `sniff` that says yes, where the beginning does not tell: reads a bounded part of the
            file itself and never raises.
        within: names of formats whose content is no other than this one's, such as `text` of CSV: a file that
            was found to be one of these, and whose name has one of this format's extensions, is of this format.
        open: reads a file into its kind; absent where the format is only written.
        save: writes a value to a path; absent where the format is only read. It honours the
            encoding, tells `context.report` what it decided and may raise `TARGET_UNREACHABLE`.
        strip: takes the metadata out of a file's bytes and leaves the pixels as they are, where they are upright.
        transparent: whether the format can hold transparency.
        lossy: whether saving loses something where nothing else is wished for.
        order: formats with a lower order are asked to sniff first.
    """

    name: str
    title: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    kind: type
    sniff: Callable[[bytes], bool]
    look: Callable[[Path], bool] | None = None
    within: tuple[str, ...] = ()
    open: Callable[[File, Context], object] | None = None
    save: Callable[[Any, Path, Encoding, Context], None] | None = None
    strip: Callable[[bytes], bytes] | None = None
    transparent: bool = True
    lossy: bool = False
    order: int = 0

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.media_types[0]


class FormatTable:
    """All formats of a registry, found by content, by name and by media type."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self._formats = {form.name: form for form in formats}
        self._names = {extension: form for form in self._formats.values() for extension in form.extensions}
        self._names |= self._formats
        self._media = {media: form for form in self._formats.values() for media in form.media_types}
        self._sniffed = sorted(self._formats.values(), key=lambda form: form.order)
        self._within = {
            (outer, extension): form
            for form in self._formats.values()
            for outer in form.within
            for extension in form.extensions
        }

    def __iter__(self) -> Iterator[Format]:
        return iter(self._formats.values())

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]

    def find(self, name: str) -> Format | None:
        """Find a format by its name or an extension, in any case."""
        return self._names.get(name.lower().removeprefix("."))

    def of_name(self, name: str) -> Format | None:
        """Find the format that the ending of a file's name tells: of `a.tar.gz` the longer one."""
        endings = PurePosixPath(name).suffixes[-2:]
        found = (self._names.get("".join(endings[index:]).lower().removeprefix(".")) for index in range(len(endings)))
        return next((form for form in found if form is not None), None)

    def of_media_type(self, media_type: str) -> Format | None:
        """Find a format by its media type, without parameters."""
        return self._media.get(media_type.lower())

    def written(self, kind: type) -> list[Format]:
        """Return the formats that a value of this kind can be saved as."""
        return [form for form in self if form.save is not None and issubclass(kind, form.kind)]

    def sniff(self, path: Path, name: str) -> File:
        """Find a file's format by its content; its name tells only formats apart whose content is the same.

        Raises:
            FilemillError: `INVALID_FILE` for an empty file, `UNSUPPORTED_MEDIA` where no format knows it.
        """
        with path.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
        if not head:
            raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r} is empty.")
        for form in self._sniffed:
            if form.sniff(head) and (form.look is None or form.look(path)):
                named = self._within.get((form.name, PurePosixPath(name).suffix.lower().removeprefix(".")), form)
                return File(path, name, named.name, path.stat().st_size)
        known = ", ".join(sorted(form.name for form in self if form.open is not None))
        raise FilemillError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"The content of {name!r} is of no format known here. Known: {known}.",
        )


def _is_json(head: bytes) -> bool:
    return head.lstrip()[:1] in (b"{", b"[") and _is_text(head)


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        # A full head may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < SNIFF_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _open_text(file: File, context: Context) -> Text:
    try:
        return Text(file.path.read_bytes().decode())  # bytes: line ends stay as they are
    except UnicodeDecodeError as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} is not UTF-8 text: {error.reason}.") from None


def _save_text(value: Text, path: Path, encoding: Encoding, context: Context) -> None:
    path.write_bytes(value.text.encode())


def _save_data(value: Data, path: Path, encoding: Encoding, context: Context) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value.value), indent=2) + b"\n")


TEXT = Format(
    name="text",
    title="Plain text",
    media_types=("text/plain",),
    extensions=("txt",),
    kind=Text,
    sniff=_is_text,
    open=_open_text,
    save=_save_text,
    order=1000,
)
JSON = Format(
    name="json",
    title="JSON",
    media_types=("application/json",),
    extensions=("json",),
    kind=Data,
    sniff=_is_json,
    save=_save_data,
    order=900,
)

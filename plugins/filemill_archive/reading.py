"""Archives read by libarchive, entry by entry and block by block: nothing is held in memory or unpacked to disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from ctypes import byref, c_int, c_longlong, c_size_t, c_void_p, string_at
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from libarchive import ArchiveError, ffi

from filemill import Context, ErrorCode, File, FilemillError
from filemill_archive.entries import NOBODY, Entry, Kind, Owner
from filemill_archive.growth import Growth
from filemill_archive.layouts import LAYOUTS
from filemill_archive.names import MOST_BYTES, Refused, cleaned, decoded, safe_path, shown
from filemill_archive.tree import Tree

_BLOCK_BYTES = 256 << 10
_HEADER_BYTES = 16 << 10
"""How much is read at once where the files between the headers are passed over."""
_KINDS = {
    0o040000: Kind.FOLDER,
    0o100000: Kind.FILE,
    0o120000: Kind.LINK,
    0o020000: Kind.DEVICE,
    0o060000: Kind.DEVICE,
    0o010000: Kind.PIPE,
    0o140000: Kind.PIPE,
}
_TYPE_BITS = 0o170000
_PERMISSION_BITS = 0o777
_EMPTY_ZIP = b"PK\x05\x06"
"""A ZIP that has only a list of files; libarchive does not look for one at the beginning."""
_ZEROS = bytes(_BLOCK_BYTES)

_is_encrypted = ffi.ffi("entry_is_encrypted", [c_void_p], c_int)
_has_encrypted = ffi.ffi("read_has_encrypted_entries", [c_void_p], c_int)

Block = tuple[Any, int]
"""Where some bytes of a file are, and how many: a pointer of libarchive's, or bytes."""


class Reader:
    """Reads an archive once, from its beginning to its end.

    Args:
        file: the archive.
        context: surroundings of the step.
        headers_only: whether the files themselves are passed over where the format lets them be.
    """

    def __init__(self, file: File, context: Context, *, headers_only: bool = False) -> None:
        self.file = file
        self.growth = Growth(file, context.limits)
        self._context = context
        self._layout = LAYOUTS[file.format]
        self._passes = headers_only and self._layout.headers_apart
        self._block_bytes = _HEADER_BYTES if self._passes else _BLOCK_BYTES
        self._block = c_void_p(), c_size_t(), c_longlong()
        self._told = 0

    @property
    def hard_links(self) -> bool:
        """Whether a later entry may be a hard link to a file."""
        return self._layout.tar

    def __enter__(self) -> Self:
        self._open = False
        self._archive: Any = ffi.read_new()
        self._entry: Any = ffi.entry_new()
        try:
            ffi.get_read_filter_function(self._layout.filter)(self._archive)
            ffi.get_read_format_function(self._reads())(self._archive)
            ffi.read_open_filename_w(self._archive, str(self.file.path), self._block_bytes)
        except ArchiveError as error:
            fault = self._fault(error)
            self.__exit__(None, None, None)
            raise fault from None
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ffi.entry_free(self._entry)
        ffi.read_free(self._archive)

    def entries(self) -> Iterator[Entry]:
        """Give every entry whose place in the archive is its own; what it holds is read before the next one.

        Raises:
            FilemillError: `INVALID_FILE` where the archive is broken, an entry is one that no archive should have,
                or it is encrypted.
        """
        tree = Tree()
        for entry in self.all():
            try:
                if entry.refused:
                    raise Refused(entry.refused)
                new = tree.add(entry)
            except Refused as refused:
                reason = f"{self.file.name!r} is refused: its entry {shown(entry.path)} {refused}."
                raise FilemillError(ErrorCode.INVALID_FILE, reason) from None
            if entry.encrypted:
                raise self._encrypted()
            if new:
                yield entry

    def all(self) -> Iterator[Entry]:
        """Give every entry, whatever it is.

        Raises:
            FilemillError: `INVALID_FILE` where the archive is broken.
        """
        while True:
            try:
                if ffi.read_next_header2(self._archive, self._entry) == ffi.ARCHIVE_EOF:
                    self._tell()
                    return
            except ArchiveError as error:
                raise self._fault(error) from None
            entry = self._read_entry()
            self.growth.add_entry(entry.path)
            yield entry
            if self.growth.entries % 16 == 0:
                self._tell()

    def blocks(self, entry: Entry) -> Iterator[Block]:
        """Give the content of the entry that was read last, zeros where the archive has holes.

        Raises:
            FilemillError: `INVALID_FILE` where it is broken, is not of the size that it says, or all is too much.
        """
        buffer, size, offset = self._block
        place = byref(buffer), byref(size), byref(offset)
        at = 0
        for number in range(1 << 62):
            try:
                code = ffi.read_data_block(self._archive, *place)
                if code == ffi.ARCHIVE_WARN:  # such as a sum that is wrong
                    raise ffi.archive_error(self._archive, code)
            except ArchiveError as error:
                raise self._fault(error) from None
            hole = offset.value - at
            while hole > 0:
                part = min(hole, len(_ZEROS))
                self.growth.add(part)
                yield _ZEROS, part
                hole, at = hole - part, at + part
            if code == ffi.ARCHIVE_EOF:
                break
            self.growth.add(size.value)
            at += size.value
            yield buffer, size.value
            if number % 64 == 63:
                self._tell()
        if at != entry.size:
            raise self._broken(f"{shown(entry.path)} has {at} bytes, not {entry.size} as it says")

    def unpack(self, entry: Entry, path: Path) -> None:
        """Write the content of an entry to a file.

        Raises:
            FilemillError: as `blocks` does.
        """
        with path.open("wb") as stream:
            for data, size in self.blocks(entry):
                stream.write(data[:size] if isinstance(data, bytes) else string_at(data, size))

    def pass_over(self, entry: Entry) -> None:
        """Pass over the content of an entry: unpacked and counted where there is no other way."""
        if not self._layout.headers_apart and entry.kind is Kind.FILE and not entry.encrypted:
            for _ in self.blocks(entry):
                pass

    def _reads(self) -> str:
        with self.file.path.open("rb") as stream:
            empty = stream.read(len(_EMPTY_ZIP)) == _EMPTY_ZIP
        return "zip_streamable" if empty else self._layout.reads

    def _read_entry(self) -> Entry:
        pointer = self._entry
        mode = ffi.entry_mode(pointer)
        kind = _KINDS.get(mode & _TYPE_BITS, Kind.FILE)
        target = ""
        if (hard := ffi.entry_hardlink(pointer)) is not None:
            kind, (target, _) = Kind.HARD_LINK, self._path(hard)
        elif kind is Kind.LINK:
            target = self._text(ffi.entry_symlink(pointer))
        path, refused = self._path(ffi.entry_pathname(pointer))
        return Entry(
            path=path,
            kind=kind,
            size=ffi.entry_size(pointer) if kind is Kind.FILE and ffi.entry_size_is_set(pointer) else None,
            permissions=mode & _PERMISSION_BITS,
            modified=ffi.entry_mtime(pointer) if ffi.entry_mtime_is_set(pointer) else None,
            target=target,
            encrypted=_is_encrypted(pointer) == 1,
            owner=self._owner() if self._layout.tar else NOBODY,
            refused=refused,
        )

    def _owner(self) -> Owner:
        pointer = self._entry
        return Owner(ffi.entry_uid(pointer), ffi.entry_gid(pointer), ffi.entry_uname(pointer), ffi.entry_gname(pointer))

    def _text(self, name: bytes | None) -> str:
        return cleaned(decoded(name or b"", zipped=self._layout.reads == "zip_seekable"))

    def _path(self, name: bytes | None) -> tuple[str, str]:
        """Return a name as a path in the archive; one that is refused as it stands there, and why."""
        text = self._text(name)
        try:
            return safe_path(text, backslashes=self._layout.backslashes), ""
        except Refused as refused:
            return text[:MOST_BYTES], str(refused)

    def _tell(self) -> None:
        """Tell how much of the archive is read, at each percent; the headers alone are read at once."""
        if self._passes:
            return
        done = min(max(ffi.filter_bytes(self._archive, -1), 0), self.file.size)
        if (percent := 100 * done // self.file.size) > self._told:
            self._told = percent
            self._context.progress(done, self.file.size)

    def _fault(self, error: ArchiveError) -> Exception:
        # Asked of an archive that is of no format, libarchive crashes.
        if self._open and _has_encrypted(self._archive) == 1:
            return self._encrypted()
        if error.errno == errno.ENOMEM:
            return MemoryError()
        return self._broken(said(error))

    def _encrypted(self) -> FilemillError:
        return FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} is encrypted; only open archives are read.")

    def _broken(self, reason: str) -> FilemillError:
        return FilemillError(ErrorCode.INVALID_FILE, f"{self.file.name!r} is broken: {reason}.")


def said(error: ArchiveError) -> str:
    """Return what libarchive says, on one line."""
    message = error.msg.decode("utf-8", "replace") if isinstance(error.msg, bytes) else str(error.msg or "no reason")
    return cleaned(message).strip().rstrip(".")

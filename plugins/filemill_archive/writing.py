"""Archives written by libarchive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from ctypes import c_char_p, c_int, c_void_p
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from libarchive import ArchiveError, ffi

from filemill import Context, ErrorCode, File, FilemillError
from filemill_archive.entries import NOBODY, Entry, Kind
from filemill_archive.kind import Archive
from filemill_archive.layouts import LAYOUTS
from filemill_archive.names import shown
from filemill_archive.reading import Block, said

_TYPES = {Kind.FILE: 0o100000, Kind.FOLDER: 0o040000, Kind.LINK: 0o120000, Kind.HARD_LINK: 0o100000}
_READ_BYTES = 1 << 20
_TEMPORARY = "TMPDIR"
_HEAVY_BYTES = 768 << 20
"""What the strongest level of LZMA takes, bytes."""

_set_link = ffi.ffi("entry_update_symlink_utf8", [c_void_p, c_char_p], c_int)
_set_hard_link = ffi.ffi("entry_update_hardlink_utf8", [c_void_p, c_char_p], c_int)


class Writer:
    """Writes an archive in the task's folder.

    Args:
        name: what the archive is called.
        target: its format.
        context: surroundings of the step.
        best: whether it is compressed as well as can be.
    """

    def __init__(self, name: str, target: str, context: Context, *, best: bool = False) -> None:
        self._name = name
        self._format = target
        self._layout = LAYOUTS[target]
        self._context = context
        self._best = best and context.limits.memory_bytes >= _HEAVY_BYTES
        self._path = context.path("archive")
        self._entries = 0
        self._unpacked = 0

    @property
    def hard_links(self) -> bool:
        """Whether they can be written."""
        return self._layout.tar

    def __enter__(self) -> Self:
        # The writer of 7z packs into a temporary file: it belongs into the task's folder.
        self._before = os.environ.get(_TEMPORARY)
        os.environ[_TEMPORARY] = str(self._context.folder)
        self._archive: Any = ffi.write_new()
        self._entry: Any = ffi.entry_new()
        try:
            ffi.get_write_format_function(self._layout.writes)(self._archive)
            if self._layout.filter != "none":
                ffi.get_write_filter_function(self._layout.filter)(self._archive)
            if options := self._layout.options(best=self._best):
                ffi.write_set_options(self._archive, options.encode())
            ffi.write_open_filename_w(self._archive, str(self._path))
        except ArchiveError as error:
            self._free()
            raise self._failed(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                ffi.write_close(self._archive)
            else:
                ffi.write_fail(self._archive)
        except ArchiveError as reason:
            raise self._failed(reason) from None
        finally:
            self._free()

    def add(self, entry: Entry, blocks: Iterable[Block] = ()) -> None:
        """Write an entry and what it holds."""
        try:
            self._describe(entry)
            ffi.write_header(self._archive, self._entry)
            for data, size in blocks:
                self._unpacked += size
                if ffi.write_data(self._archive, data, size) != size:
                    reason = f"{shown(entry.path)} has more than the {entry.size} bytes that it says"
                    raise FilemillError(ErrorCode.INVALID_FILE, f"{self._name!r} is broken: {reason}.")
            ffi.write_finish_entry(self._archive)
        except ArchiveError as error:
            raise self._failed(error) from None
        self._entries += 1

    def archive(self) -> Archive:
        """Return what was written, once it is closed."""
        file = File(self._path, self._name, self._format, self._path.stat().st_size)
        return Archive(file, self._entries, self._unpacked)

    def _describe(self, entry: Entry) -> None:
        pointer = ffi.entry_clear(self._entry)
        ffi.entry_update_pathname_utf8(pointer, entry.path.encode())
        ffi.entry_set_mode(pointer, _TYPES[entry.kind] | entry.permissions)
        ffi.entry_set_size(pointer, entry.size or 0)
        if entry.modified is not None:
            ffi.entry_set_mtime(pointer, entry.modified, 0)
        if entry.kind is Kind.LINK:
            _set_link(pointer, entry.target.encode())
        elif entry.kind is Kind.HARD_LINK:
            _set_hard_link(pointer, entry.target.encode())
        if self._layout.tar and entry.owner is not NOBODY:
            ffi.entry_set_uid(pointer, entry.owner.user)
            ffi.entry_set_gid(pointer, entry.owner.group)
            ffi.entry_copy_uname(pointer, entry.owner.user_name)
            ffi.entry_copy_gname(pointer, entry.owner.group_name)

    def _free(self) -> None:
        ffi.entry_free(self._entry)
        ffi.write_free(self._archive)
        if self._before is None:
            del os.environ[_TEMPORARY]
        else:
            os.environ[_TEMPORARY] = self._before

    def _failed(self, error: ArchiveError) -> FilemillError:
        return FilemillError(
            ErrorCode.INVALID_FILE, f"{self._name!r} can't be packed as {self._format}: {said(error)}."
        )


def blocks_of(path: Path) -> Iterator[Block]:
    """Give the content of a file."""
    with path.open("rb") as stream:
        while data := stream.read(_READ_BYTES):
            yield data, len(data)

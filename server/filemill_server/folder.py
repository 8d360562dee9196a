"""A local folder of files that are whole or absent, also after a crash of the machine."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill_server.plans.sizes import allowed

CHUNK = 1 << 20
_COPY = 256 << 20  # bytes asked of one system call


class Folder:
    """Files by name, in folders made as needed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: set[Path] = set()

    def adopt(self, path: Path, name: str) -> None:
        """Take over a finished file: sync it, move it into place, sync the folder.

        Many threads at once cost little more than one: the file system joins their syncs.
        """
        target = self._root / name
        _sync(path)
        with self._present():
            self._make(target.parent)
            self._place(path, target)
            _sync(target.parent)

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Write a stream aside, sync it, move it into place, sync the folder."""
        target = self._root / name
        aside = target.with_name(f"{target.name}.part")
        with self._present():
            await asyncio.to_thread(self._make, target.parent)
            file = aside.open("xb", buffering=0)
        try:
            with file:
                async for chunk in chunks:
                    await asyncio.to_thread(_write_all, file.fileno(), chunk)
            with self._present():
                await asyncio.to_thread(_sync, aside)
                aside.rename(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        with self._present():
            await asyncio.to_thread(_sync, target.parent)

    async def stream(self, name: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Give the bytes from `start` to before `end`."""
        descriptor = await asyncio.to_thread(self._open, name)
        try:
            while end is None or start < end:
                size = CHUNK if end is None else min(CHUNK, end - start)
                piece = await asyncio.to_thread(os.pread, descriptor, size, start)
                if not piece:
                    return
                start += len(piece)
                yield piece
        finally:
            os.close(descriptor)

    def copy(self, name: str, path: Path, limit: int | None) -> int:
        """Copy a file to a new file; where the file system can, both share their blocks until one changes.

        A hard link would be quicker still, but then whoever writes into the copy writes into the store.
        """
        source = self._open(name)
        try:
            size = os.fstat(source).st_size
            if limit is not None and size > limit:
                raise too_large(name, size, limit)
            with path.open("xb") as target:
                _copy_range(source, target.fileno())
            return path.stat().st_size
        finally:
            os.close(source)

    def link(self, name: str, new: str) -> None:
        """Give a file of the store a second name; both are never written again, so they may share their bytes."""
        target = self._root / new
        with self._present():
            self._make(target.parent)
        try:
            os.link(self._root / name, target)
        except FileNotFoundError:
            self.check()
            raise
        with self._present():
            os.utime(target)
            _sync(target.parent)

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; those that are not there don't matter."""
        for name in names:
            (self._root / name).unlink(missing_ok=True)

    def check(self) -> None:
        """Raise `OSError` where the store is not there."""
        if not self._root.exists():
            raise self._away()

    def _open(self, name: str) -> int:
        try:
            return _open_regular(self._root / name)
        except FileNotFoundError:
            self.check()
            raise

    @contextmanager
    def _present(self) -> Iterator[None]:
        """Take what is missing, where only folders of the store can be, as a store that went away meanwhile."""
        try:
            yield
        except FileNotFoundError as error:
            raise self._away() from error

    def _away(self) -> OSError:
        """Make the error for a store that is not there, as when its disk is not mounted: no file of it has gone."""
        return NotADirectoryError(errno.ENOTDIR, "the folder of the store is not there", str(self._root))

    def _place(self, path: Path, target: Path) -> None:
        os.utime(path)  # its age in the store counts from now
        try:
            path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            aside = target.with_name(f"{target.name}.part")
            try:
                shutil.copyfile(path, aside)
                _sync(aside)
                aside.rename(target)
            finally:
                aside.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Make a folder that lasts: every new name in the chain is synced with its parent."""
        if folder in self._made and folder.exists():
            return
        if folder != self._root:
            if folder.parent == self._root:
                self.check()
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            _sync(folder.parent)
        self._made.add(folder)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def too_large(name: str, size: int, limit: int) -> FilemillError:
    """Make the error for a file of more bytes than are allowed; it tells both figures."""
    detail = f"{name!r} has {size} bytes, more than the {allowed(limit)}."
    return FilemillError(ErrorCode.FILE_TOO_LARGE, detail, sizeBytes=size, limitBytes=int(limit))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_regular(path: Path) -> int:
    """Open a plain file for reading; a folder or a pipe counts as absent."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (NotADirectoryError, IsADirectoryError) as error:
        raise FileNotFoundError(str(path)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(str(path))
    return descriptor


def _copy_range(source: int, target: int) -> None:
    try:
        while os.copy_file_range(source, target, _COPY):
            pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            raise
        while os.sendfile(target, source, None, _COPY):
            pass

"""Where the results of `filemill run` go: beside their inputs, into a folder, a file, or standard output."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from enum import Enum
from pathlib import Path, PurePosixPath

from msgspec import Struct

from filemill.errors import invalid
from filemill.registry import Registry
from filemill.task import Output

STDOUT = "-"


class Where(Enum):
    """The four places of results."""

    BESIDE = "beside"
    FOLDER = "folder"
    FILE = "file"
    STDOUT = "stdout"


class Target(Struct, frozen=True):
    """Where results go.

    Fields:
        where: which of the places.
        path: the folder or file; beside and standard output have none.
        force: whether a file that exists is replaced.
    """

    where: Where
    path: Path = Path()
    force: bool = False

    @property
    def name(self) -> str:
        """The name of a single result, whose ending asks for a format; "" where results have names of their own."""
        return self.path.name if self.where is Where.FILE else ""

    def folder(self, source: Path) -> Path:
        """Return the folder that the results of an input go to."""
        return {Where.BESIDE: source.parent, Where.FOLDER: self.path}.get(self.where, self.path.parent)

    def put(self, output: Output, stem: str, suffix: str, source: Path) -> Path | None:
        """Bring a result to its place.

        Args:
            output: the result, in a working folder.
            stem: the input's name without extension, which begins the result's name.
            suffix: what is added to the stem: the name of a pack, or of the steps beside an input.
            source: the input.

        Returns:
            Its path; None for standard output.

        Raises:
            FileExistsError: where a file is in the way and is not to be replaced.
        """
        if self.where is Where.STDOUT:
            with Path(output.path).open("rb") as stream:
                shutil.copyfileobj(stream, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return None
        name = f"{stem}-{suffix}{output.name.removeprefix(stem)}" if suffix else output.name
        path = self.path if self.where is Where.FILE else self.folder(source) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _publish(Path(output.path), path, force=self.force)
        return path


def target_of(out: str | None, registry: Registry, *, many: bool, shown: bool, force: bool) -> Target:
    """Decide where results go.

    Args:
        out: what the caller gave: a folder (it exists, ends in `/`, or there are many results), a
            file, `-`, or nothing.
        registry: tells names of files from names of folders by their extensions.
        many: whether there may be more than one result.
        shown: whether results are text or data, which without `out` go to standard output.
        force: whether a file that exists is replaced.

    Raises:
        FilemillError: `INVALID_PARAMETER` where many results can't go where one can.
    """
    if out is None:
        return Target(Where.STDOUT) if shown else Target(Where.BESIDE, force=force)
    if out == STDOUT:
        if many and not shown:
            raise invalid("/out", "There is more than one result; standard output takes one. Give a folder.")
        return Target(Where.STDOUT)
    path = Path(out)
    if path.is_dir() or out.endswith("/"):
        return Target(Where.FOLDER, path, force)
    if many:
        named = registry.formats.of_name(path.name) is not None
        if named or path.exists():
            raise invalid("/out", f"There is more than one result; {out!r} is a file. Give a folder.")
        return Target(Where.FOLDER, path, force)
    if path.exists() and not force:
        raise invalid("/out", f"{out!r} exists already; --force replaces it.")
    return Target(Where.FILE, path, force)


def stem_of(name: str) -> str:
    """Return what the names of a file's results begin with."""
    return PurePosixPath(name).stem or "file"


def _publish(made: Path, path: Path, *, force: bool) -> None:
    """Copy a file to its place so that nobody ever sees a part of it: aside, synced, then under its name."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with open(descriptor, "wb") as stream, made.open("rb") as source:  # noqa: PTH123 - a descriptor
            shutil.copyfileobj(source, stream)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(aside).chmod(0o666 & ~umask)
        if force:
            Path(aside).replace(path)
        else:
            _link(aside, path)
    finally:
        with suppress(FileNotFoundError):
            Path(aside).unlink()


def _link(aside: str, path: Path) -> None:
    try:
        os.link(aside, path)
    except FileExistsError:
        raise FileExistsError(f"{str(path)!r} exists already; --force replaces it.") from None
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(f"{str(path)!r} exists already; --force replaces it.") from None
        Path(aside).replace(path)

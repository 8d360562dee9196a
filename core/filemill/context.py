"""What an operation or a format is given besides its input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filemill.errors import ErrorCode, FilemillError
from filemill.graph import ConversionGraph
from filemill.kinds import Facts, File, Json
from filemill.limits import Limits

if TYPE_CHECKING:
    from filemill.formats import FormatTable
    from filemill.sources import Source

K = TypeVar("K")


class Context:
    """The surroundings of one task in a worker process.

    Attributes:
        limits: what the task may use.
        folder: the task's own working folder; everything in it goes when the task ends.
        formats: all formats, to open and to save by.
        conversions: the graph of what can become what.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        folder: Path,
        formats: FormatTable,
        conversions: ConversionGraph | None = None,
        extras: Mapping[str, File] = {},
        tell: Callable[[float, str], None] = lambda fraction, note: None,
    ) -> None:
        self.limits = limits
        self.folder = folder
        self.formats = formats
        self.conversions = conversions or ConversionGraph(formats, ())
        self.decided: Facts = {}
        self._opened: dict[Path, object] = {}
        self._part = (0, 1)
        self._extras = extras
        self._tell = tell
        self._numbers = count()

    def report(self, **decided: Json) -> None:
        """Tell the caller what was decided in this step, such as `quality=74`."""
        self.decided.update(decided)

    def progress(self, done: int, of: int, note: str = "") -> None:
        """Tell how far the step is: `done` of `of` parts, with a note for people."""
        index, parts = self._part
        self._tell((index + (done / of if of else 1.0)) / parts, note)

    @contextmanager
    def part(self, index: int, of: int) -> Iterator[None]:
        """Make the progress within a block that of one of some equal parts of the step."""
        before, self._part = self._part, (index, of)
        try:
            yield
        finally:
            self._part = before

    def path(self, extension: str) -> Path:
        """Return a fresh path in the working folder; the file is not made."""
        return self.folder / f"work-{next(self._numbers)}.{extension}"

    def open(self, file: File, kind: type[K]) -> K:
        """Open a file into a kind by its format.

        Raises:
            FilemillError: `UNSUPPORTED_MEDIA` where its format is of another kind or can't be read,
                `INVALID_FILE` where it is broken or beyond the limits.
        """
        form = self.formats[file.format]
        if form.open is None or not issubclass(form.kind, kind):
            raise FilemillError(
                ErrorCode.UNSUPPORTED_MEDIA,
                f"{file.name!r} is a {form.title} file ({form.kind.__name__}); a {kind.__name__} is needed.",
            )
        value = form.open(file, self)
        assert isinstance(value, kind)
        return value

    def opened(self, file: File) -> object:
        """Open a file of the task into the kind of its format; the second time it is the same value.

        Raises:
            FilemillError: as of `open`.
        """
        if file.path not in self._opened:
            self._opened[file.path] = self.open(file, self.formats[file.format].kind)
        return self._opened[file.path]

    def seen(self, file: File) -> object:
        """Return what `opened` gave for a file; None where nobody has asked for it."""
        return self._opened.get(file.path)

    def source(self, source: Source, kind: type[K]) -> K:
        """Open a source that is a parameter of the step, such as a watermark's picture."""
        return self.open(self._extras[source.key], kind)

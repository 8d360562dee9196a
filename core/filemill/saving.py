"""Saves what a pipeline made: into the format wished for, as a copy where nothing changed, into a ZIP of many."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from filemill.archive import MEDIA_TYPE, NAME, open_archive, open_member, split_name, under
from filemill.context import Context
from filemill.encoding import Encoding, Metadata
from filemill.errors import ErrorCode, FilemillError
from filemill.formats import Format
from filemill.kinds import Data, File, Held, Text
from filemill.picture import Picture
from filemill.task import Made, Output, output_of


class Saver:
    """Writes results into the working folder of a task.

    Args:
        context: gives the folder, the formats and the limits.
        given: paths of the task's inputs: one that is still as it was is reported as `unchanged`.
    """

    def __init__(self, context: Context, given: Collection[Path]) -> None:
        self._context = context
        self._given = given
        self._formats = context.formats

    def save(self, value: object, wish: Encoding, stem: str) -> Output:
        """Save a value under a name without an ending: as a copy of its file where that is what is wished for.

        Raises:
            FilemillError: what the format refused; `OPERATION_UNAVAILABLE` where none can hold the value.
        """
        if isinstance(value, File):
            form = self._formats[value.format]
            path, facts = self._copy(value), value.facts
        elif isinstance(value, Held):
            form = self._formats[value.file.format]
            path, facts = self._kept(value.file), value.facts
        else:
            assert isinstance(value, (Picture, Text, Data))
            form, facts = self._chosen_format(value, wish), value.facts
            path = self._encoded(value, form, wish)
        if isinstance(value, Picture):
            scaled = self._context.decided.pop("facts", None)  # an encoder may have scaled it to a size
            facts = scaled if isinstance(scaled, dict) else facts
        ending = split_name(value.name)[1] if isinstance(value, File) and value.named else f".{form.extensions[0]}"
        return output_of(path, stem + ending, form.name, form.media_type, facts)

    def _encoded(self, value: Picture | Text | Data, form: Format, wish: Encoding) -> Path:
        source = value.source if isinstance(value, Picture) else None
        if source is not None and source.format == form.name and _satisfied(source, wish):
            return self._kept(source)
        path = self._context.path(form.extensions[0])
        if isinstance(value, Text) and value.body is not None:
            path.write_bytes(value.body.encode())
            return path
        assert form.save is not None
        form.save(value, path, wish, self._context)
        kept = source if wish.never_larger and source is not None and source.format == form.name else None
        if kept is not None and path.stat().st_size >= kept.size:
            return self._instead(path, kept, form, value, wish)
        return path

    def _instead(self, path: Path, kept: File, form: Format, value: Picture | Text | Data, wish: Encoding) -> Path:
        """Return the source in place of an encode that is no smaller: without its metadata where that is to go.

        Where a format can't be stripped the source stays whole, and where the pixels lie on their side the encode.
        """
        if wish.metadata is not Metadata.NONE or form.strip is None:
            path.unlink()
            self._context.report(unchanged=True)
            return self._copy(kept)
        assert isinstance(value, Picture), "only pictures have a source that is encoded again"
        if value.known.get("orientation", 1) == 1:
            path.write_bytes(form.strip(kept.path.read_bytes()))
            self._context.report(reencoded=False)
        return path

    def _chosen_format(self, value: Picture | Text | Data, wish: Encoding) -> Format:
        """The format wished for; else the source's where it can be written; else one that holds the value."""
        formats = self._formats
        if isinstance(value, Text) and value.body is not None:
            return formats[value.format]
        written = formats.written(type(value))
        if isinstance(value, Picture):
            form = formats.find(wish.type) if wish.type else formats.find(value.format)
            if form in written:
                return form
            wanted = "png" if value.transparent else "jpeg"
            written = [known for known in written if known.name == wanted] or written
        if not written:
            raise FilemillError(
                ErrorCode.OPERATION_UNAVAILABLE, f"No installed format can hold a {type(value).__name__}."
            )
        return written[0]

    def _kept(self, file: File) -> Path:
        """Copy what is a file already, and say where it is the one that was given."""
        if file.path in self._given:
            self._context.report(unchanged=True)
        return self._copy(file)

    def _copy(self, file: File) -> Path:
        path = self._context.path("copy")
        try:
            os.link(file.path, path)
        except OSError:  # another file system
            shutil.copyfile(file.path, path)
        return path

    def archive(self, outputs: Sequence[Output]) -> Output:
        """Put results into one ZIP."""
        return self._zip([(output.name, output) for output in outputs])

    def bundle(self, names: Sequence[str], made: Sequence[Made]) -> Output:
        """Put the results of several pipelines into one ZIP.

        Args:
            names: of the pipelines; each is the name of its only result, or a folder of many.
            made: what they made.
        """
        members: list[tuple[str, Output]] = []
        for name, part in zip(names, made, strict=True):
            members += zip(under(name, [output.name for output in part.outputs]), part.outputs, strict=True)
        return self._zip(members)

    def _zip(self, members: Sequence[tuple[str, Output]]) -> Output:
        path = self._context.path("zip")
        with open_archive(path) as archive:
            for name, output in members:
                with Path(output.path).open("rb") as source, open_member(archive, name, output.size) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        return output_of(path, NAME, "zip", MEDIA_TYPE, {"files": [name for name, _ in members]})


def _satisfied(source: File, wish: Encoding) -> bool:
    """Whether an unchanged file already is what the wish asks for: only its format, or a size it keeps."""
    demanding = (wish.quality, wish.priority, wish.lossless, wish.progressive, wish.background, wish.metadata)
    if any(setting is not None for setting in demanding) or wish.never_larger:
        return False
    return wish.max_size_bytes is None or source.size <= wish.max_size_bytes

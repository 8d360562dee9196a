"""Runs pipelines over files: one decode, one encode. Called in a worker process."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pyvips

from filemill.context import Context
from filemill.document import Document
from filemill.encoding import NO_WISH, Encoding
from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.formats import Format
from filemill.kinds import Data, Facts, File, Text
from filemill.operation import Operation, PictureOperation
from filemill.picture import Picture
from filemill.registry import Registry
from filemill.task import Input, Made, Outcome, Output, Task


@dataclass
class Item:
    """A value on its way through a pipeline."""

    value: object
    stem: str
    wish: Encoding = NO_WISH


def run(task: Task, registry: Registry, tell: Callable[[float, int, str], None]) -> Outcome:
    """Do a task.

    Args:
        task: files, pipelines and limits.
        registry: the operations and formats to do it with.
        tell: is given progress: a fraction of the step, the step's index, a note.

    Raises:
        FilemillError: whatever an operation or format refused.
    """
    engine = _Engine(task, registry, tell)
    try:
        return engine.run()
    except pyvips.Error as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"The picture can't be processed: {_reason(error)}") from error
    except MemoryError as error:
        raise FilemillError(
            ErrorCode.INVALID_FILE,
            f"The work needs more memory than the limit of {task.limits.memory_bytes} bytes.",
        ) from error


class _Engine:
    def __init__(self, task: Task, registry: Registry, tell: Callable[[float, int, str], None]) -> None:
        self.task = task
        self.registry = registry
        self.step_index = 0
        self.context = Context(
            limits=task.limits,
            folder=Path(task.folder),
            formats=registry.formats,
            extras={key: self._sniffed(extra) for key, extra in task.extras.items()},
            tell=lambda fraction, note: tell(fraction, self.step_index, note),
        )
        decoder = msgspec.msgpack.Decoder(registry.pipeline_type)
        self.pipelines: list[list[Operation]] = [decoder.decode(steps) for steps in task.pipelines]
        self.shared: dict[Path, object] = {}

    def run(self) -> Outcome:
        files = [self._sniffed(given) for given in self.task.inputs]
        if len(self.pipelines) > 1:
            self._share_decode(files[0])
        made = [self._pipeline(steps, files) for steps in self.pipelines]
        return Outcome(made=made, sources=[self._source_facts(file) for file in files], bundle=self._bundle(made))

    def _sniffed(self, given: Input) -> File:
        return self.registry.formats.sniff(Path(given.path), given.name)

    def _source_facts(self, file: File) -> Facts:
        value = self.shared.get(file.path)
        known = value.facts if isinstance(value, (Picture, Document)) else {}
        return {"filename": file.name, "format": file.format, "sizeBytes": file.size, **known}

    def _share_decode(self, file: File) -> None:
        """Decode the picture once, as small as every pipeline allows."""
        if self.registry.formats[file.format].kind is not Picture:
            return
        picture = self._open(file, (Picture,))
        assert isinstance(picture, Picture)
        first = [steps[0] for steps in self.pipelines]
        picture.settle(min(step.reduction(picture) if isinstance(step, PictureOperation) else 1.0 for step in first))

    def _open(self, file: File, accepts: Sequence[type]) -> object:
        """Open a file into the kind of its format, where that is accepted; each file once a task."""
        form = self.registry.formats[file.format]
        if not any(issubclass(form.kind, kind) for kind in accepts) or form.open is None:
            wanted = " or ".join(kind.__name__ for kind in accepts)
            raise FilemillError(
                ErrorCode.UNSUPPORTED_MEDIA,
                f"{file.name!r} is a {form.title} file; this step takes {wanted}.",
            )
        if file.path not in self.shared:
            self.shared[file.path] = form.open(file, self.context)
        return self.shared[file.path]

    def _pipeline(self, steps: Sequence[Operation], files: Sequence[File]) -> Made:
        items = [Item(file, PurePosixPath(file.name).stem or "file") for file in files]
        report: list[Facts] = []
        for self.step_index, step in enumerate(steps):
            started = time.perf_counter()
            items = self._step(step, items)
            report.append(self._entry(self.registry.entry(step).name, started))
        started = time.perf_counter()
        stems = _distinct([item.stem for item in items])
        outputs = self._archived([self._save(item, stem) for item, stem in zip(items, stems, strict=True)])
        report.append(self._entry("encode", started))
        return Made(outputs=outputs, report=report)

    def _entry(self, name: str, started: float) -> Facts:
        decided = dict(self.context.decided)
        self.context.decided.clear()
        return {"op": name, "milliseconds": round((time.perf_counter() - started) * 1000, 1), **decided}

    def _step(self, step: Operation, items: list[Item]) -> list[Item]:
        shape = self.registry.entry(step).shape
        if shape.many_in:
            values: Any = [self._coerced(item, shape.accepts) for item in items]
            return self._counted(self._results(step, items[0], step.run(values, self.context)))
        made: list[Item] = []
        for index, item in enumerate(items):
            made += self._results(step, item, step.run(self._coerced(item, shape.accepts), self.context))
            self._counted(made)
            if len(items) > 1:
                self.context.progress(index + 1, len(items))
        return made

    def _counted(self, made: list[Item]) -> list[Item]:
        if len(made) > self.task.limits.max_outputs:
            raise invalid("", f"The pipeline gives more than {self.task.limits.max_outputs} files.")
        return made

    def _results(self, step: Operation, item: Item, result: object) -> list[Item]:
        wish = item.wish.merge(step.encoding()) if isinstance(step, PictureOperation) else item.wish
        values = result if isinstance(result, list) else [result]
        for value in values:
            self._check_picture(value)
        if not isinstance(result, list):
            return [Item(result, item.stem, wish)]
        width = len(str(len(values)))
        return [Item(value, f"{item.stem}-{number:0{width}}", wish) for number, value in enumerate(values, 1)]

    def _check_picture(self, value: object) -> None:
        """Refuse a picture that a step made too large, while it is still a plan without pixels."""
        limits = self.task.limits
        if isinstance(value, Picture) and (
            max(value.width, value.height) > limits.max_dimension
            or value.width * value.height * value.frames > limits.max_pixels
        ):
            raise invalid(
                "",
                f"The step makes {value.frames} x {value.width}x{value.height} pixels; no side may have more"
                f" than {limits.max_dimension}, all together no more than {limits.max_pixels}.",
            )

    def _coerced(self, item: Item, accepts: Sequence[type]) -> object:
        """Give a step the kind it takes: a file is opened, a value is saved where a file is wanted."""
        if isinstance(item.value, tuple(accepts)):
            return item.value
        if isinstance(item.value, File):
            return self._open(item.value, accepts)
        output = self._save(item, item.stem)
        item.wish = NO_WISH
        return File(Path(output.path), output.name, output.format, output.size)

    def _save(self, item: Item, stem: str) -> Output:
        value = item.value
        if isinstance(value, File):
            form = self.registry.formats[value.format]
            path, facts = self._copy(value), value.facts
        else:
            assert isinstance(value, (Picture, Document, Text, Data))
            form, facts = self._chosen_format(value, item.wish), value.facts
            path = self._encoded(value, form, item.wish)
        if isinstance(value, Picture):
            scaled = self.context.decided.pop("facts", None)  # an encoder may have scaled it to a size
            facts = scaled if isinstance(scaled, dict) else facts
        return _output(path, f"{stem}.{form.extensions[0]}", form.name, form.media_type, facts)

    def _encoded(self, value: Picture | Document | Text | Data, form: Format, wish: Encoding) -> Path:
        source = _file_behind(value)
        if source is not None and source.format == form.name and _satisfied(source, wish):
            self.context.report(unchanged=True)
            return self._copy(source)
        path = self.context.path(form.extensions[0])
        if isinstance(value, Text) and value.body is not None:
            path.write_bytes(value.body.encode())
            return path
        assert form.save is not None
        form.save(value, path, wish, self.context)
        kept = source if wish.never_larger and source is not None and source.format == form.name else None
        if kept is not None and path.stat().st_size > kept.size:
            self.context.report(unchanged=True)
            path.unlink()
            return self._copy(kept)
        return path

    def _chosen_format(self, value: Picture | Document | Text | Data, wish: Encoding) -> Format:
        """The format wished for; else the source's where it can be written; else one that holds the value."""
        formats = self.registry.formats
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

    def _copy(self, file: File) -> Path:
        path = self.context.path("copy")
        try:
            os.link(file.path, path)
        except OSError:  # another file system
            shutil.copyfile(file.path, path)
        return path

    def _archived(self, outputs: list[Output]) -> list[Output]:
        if len(outputs) < 2 or not self.task.archive or self.task.bundle is not None:
            return outputs
        return [self._zip([(output.name, output) for output in outputs])]

    def _bundle(self, made: Sequence[Made]) -> Output | None:
        """Put all results into one ZIP: a pipeline's name is that of its only result, or a folder of many."""
        if self.task.bundle is None:
            return None
        members: list[tuple[str, Output]] = []
        for name, part in zip(self.task.bundle, made, strict=True):
            if len(part.outputs) == 1:
                members.append((name + PurePosixPath(part.outputs[0].name).suffix, part.outputs[0]))
            else:
                members += [(f"{name}/{output.name}", output) for output in part.outputs]
        return self._zip(members)

    def _zip(self, members: Sequence[tuple[str, Output]]) -> Output:
        """Store files in a ZIP: they are compressed already, and equal files must give equal bytes."""
        path = self.context.path("zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, output in members:
                entry = zipfile.ZipInfo(name)
                with (
                    Path(output.path).open("rb") as source,
                    archive.open(entry, "w", force_zip64=output.size >= 1 << 31) as target,
                ):
                    shutil.copyfileobj(source, target, 1 << 20)
        facts: Facts = {"files": [name for name, _ in members]}
        return _output(path, "files.zip", "zip", "application/zip", facts)


def _output(path: Path, name: str, form: str, media_type: str, facts: Facts) -> Output:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Output(
        path=str(path),
        name=name,
        format=form,
        media_type=media_type,
        size=path.stat().st_size,
        sha256=digest,
        facts=facts,
    )


def _file_behind(value: object) -> File | None:
    """The file that a value still is, unchanged."""
    if isinstance(value, Picture):
        return value.source
    return value.file if isinstance(value, Document) else None


def _satisfied(source: File, wish: Encoding) -> bool:
    """Whether an unchanged file already is what the wish asks for: only its format, or a size it keeps."""
    demanding = (wish.quality, wish.priority, wish.lossless, wish.progressive, wish.background, wish.metadata)
    if any(setting is not None for setting in demanding) or wish.never_larger:
        return False
    return wish.max_size_bytes is None or source.size <= wish.max_size_bytes


def _distinct(stems: Sequence[str]) -> list[str]:
    """Number equal names apart, in any case: results of one pipeline may come from files of the same name."""
    folded = Counter(stem.casefold() for stem in stems)
    taken = {stem for stem, times in folded.items() if times == 1}
    names: list[str] = []
    for stem in stems:
        name = stem
        if folded[stem.casefold()] > 1:
            name = next(name for number in count(1) if (name := f"{stem}-{number}").casefold() not in taken)
            taken.add(name.casefold())
        names.append(name)
    return names


def _reason(error: pyvips.Error) -> str:
    lines = [line for line in str(error).replace("\\n", "\n").splitlines() if line.strip()]
    return (lines[-1] if lines else "it is broken").strip() + "."

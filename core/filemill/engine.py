"""Runs pipelines over files: one decode, one encode. Called in a worker process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyvips

from filemill.archive import distinct_files, split_name
from filemill.context import Context
from filemill.encoding import NO_WISH, Encoding
from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.kinds import Facts, File, Held
from filemill.operation import Operation, PictureOperation
from filemill.picture import Picture
from filemill.registry import Registry
from filemill.saving import Saver
from filemill.task import Input, Made, Outcome, Task


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
            conversions=registry.conversions,
            extras={key: self._sniffed(extra) for key, extra in task.extras.items()},
            tell=lambda fraction, note: tell(fraction, self.step_index, note),
        )
        self.saver = Saver(self.context, given={Path(given.path) for given in task.inputs})
        decoder = msgspec.msgpack.Decoder(registry.pipeline_type)
        self.pipelines: list[list[Operation]] = [decoder.decode(steps) for steps in task.pipelines]

    def run(self) -> Outcome:
        files = [self._sniffed(given) for given in self.task.inputs]
        if len(self.pipelines) > 1:
            self._share_decode(files[0])
        made = [self._pipeline(steps, files) for steps in self.pipelines]
        bundle = None if self.task.bundle is None else self.saver.bundle(self.task.bundle, made)
        return Outcome(made=made, sources=[self._source_facts(file) for file in files], bundle=bundle)

    def _sniffed(self, given: Input) -> File:
        return self.registry.formats.sniff(Path(given.path), given.name)

    def _source_facts(self, file: File) -> Facts:
        value = self.context.seen(file)
        known = value.facts if isinstance(value, (Picture, Held)) else {}
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
        return self.context.opened(file)

    def _pipeline(self, steps: Sequence[Operation], files: Sequence[File]) -> Made:
        items = [Item(file, split_name(file.name)[0] or "file") for file in files]
        report: list[Facts] = []
        for self.step_index, step in enumerate(steps):
            started = time.perf_counter()
            items = self._step(step, items)
            report.append(self._entry(self.registry.entry(step).name, started))
        started = time.perf_counter()
        stems = distinct_files([(item.stem, _kept_ending(item.value)) for item in items])
        outputs = [self.saver.save(item.value, item.wish, stem) for item, stem in zip(items, stems, strict=True)]
        if len(outputs) > 1 and self.task.archive and self.task.bundle is None:
            outputs = [self.saver.archive(outputs)]
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
        values = result if isinstance(result, list) else [result]
        for value in values:
            self._check_picture(value)
        if not isinstance(result, list):
            return [Item(result, item.stem, _wish(step, item, result))]
        width = len(str(len(values)))
        return [
            Item(value, _own_stem(value) or f"{item.stem}-{number:0{width}}", _wish(step, item, value))
            for number, value in enumerate(values, 1)
        ]

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
                f" than {limits.max_dimension}, all together no more than {limits.pixels}.",
            )

    def _coerced(self, item: Item, accepts: Sequence[type]) -> object:
        """Give a step the kind it takes: a file is opened, a value is saved where a file is wanted."""
        if isinstance(item.value, tuple(accepts)):
            return item.value
        if isinstance(item.value, File):
            return self._open(item.value, accepts)
        output = self.saver.save(item.value, item.wish, item.stem)
        item.wish = NO_WISH
        return output.file


def _wish(step: Operation, item: Item, value: object) -> Encoding:
    """Return what is wished of the encoder after a step: only who gives a picture wishes for anything."""
    if isinstance(step, PictureOperation) and isinstance(value, Picture):
        return item.wish.merge(step.encoding())
    return item.wish


def _own_stem(value: object) -> str | None:
    """Return the name, without its ending, that an operation gave to one of many; None where it gave none."""
    file = value.file if isinstance(value, Held) else value
    return split_name(file.name)[0] if isinstance(file, File) else None


def _kept_ending(value: object) -> str:
    """Return the ending that a result keeps, "" where its format gives one: only then do equal stems clash."""
    return split_name(value.name)[1] if isinstance(value, File) and value.named else ""


def _reason(error: pyvips.Error) -> str:
    lines = [line for line in str(error).replace("\\n", "\n").splitlines() if line.strip()]
    return (lines[-1] if lines else "it is broken").strip() + "."

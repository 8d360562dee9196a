"""Targets: every format that is read, opened and worked on in a worker process.

What a worker refuses is a typed error; a worker that ends is replaced, and costs one input. That is how the
libraries of others, which are written in C, are allowed to fail. Our own code in a worker is not.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import zlib
from collections import Counter
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec.structs import fields, replace
from structlog.testing import capture_logs

from filemill.errors import ErrorCode, FilemillError
from filemill.formats import Format
from filemill.kinds import Data, File
from filemill.limits import Limits
from filemill.picture import Picture
from filemill.pool import WorkerCrash
from filemill.registry import Entry
from filemill.task import Input, Outcome, Task, encode_steps
from filemill.testing.runner import WorkerThread
from fuzz.containers import changed
from fuzz.engine import Target
from fuzz.mutation import Mutator
from fuzz.parts import registry
from fuzz.seeds import Seeds

Step = dict[str, object]

LIMITS = Limits(
    max_pixels=4_000_000,
    max_dimension=8192,
    max_frames=50,
    max_outputs=50,
    max_growth=50,
    memory_bytes=512 << 20,
    deadline_seconds=20.0,
)
DECODER, DECODERS = "decoder:", "decoders:"
"""Prefixes of the names of targets: of one format, and of all that open into a kind, in turn."""
_LONGEST = 1 << 20
_PATIENCE_SECONDS = 100.0  # for a file to begin with: the machine may be busy
_SLOW = frozenset({"ocr", "searchable-pdf"})
"""Operations that read pages with Tesseract: a second a page, and it sees only what was decoded before."""
_ENDED = (ErrorCode.OVERLOADED, ErrorCode.INVALID_FILE)


class Decoders:
    """A worker process and what is known of every format that is read. Use as a context manager.

    Args:
        folder: for files.
        findings: where inputs are kept that ended a worker, or did not end in time.

    Attributes:
        ended: how often what happened to a worker, by format.
    """

    def __init__(self, folder: Path, findings: Path) -> None:
        self.ended: Counter[str] = Counter()
        self._folder = folder
        self._findings = findings
        self._numbers = count()
        self._worker = WorkerThread()
        self._seeds = Seeds(folder)

    def __enter__(self) -> Self:
        self._findings.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def target(self, form: Format) -> Target:
        """Return the target for a format; to make a file to begin with may take seconds."""
        steps = steps_of(form)
        seeds = [path.read_bytes() for path in self._seeds.whole(form.name, self._converted)]

        def check(data: bytes) -> bool:
            return self._accepted(form, data, steps[zlib.crc32(data) % len(steps)])

        def mutate(chance: random.Random, data: bytes, other: bytes) -> bytes:
            return changed(chance, data, other, Mutator(chance, (), _LONGEST).changed)[:_LONGEST]

        name = f"{DECODER}{form.name}"
        return Target(name=name, check=check, seeds=seeds, longest=_LONGEST, mutate=mutate)

    def check_all(self, form: Format, data: bytes) -> None:
        """Have a worker do all there is with a file."""
        for step in steps_of(form):
            self._accepted(form, data, step)

    def _accepted(self, form: Format, data: bytes, step: Step) -> bool:
        """Have a worker do one thing with a file."""
        path = self._folder / f"input.{form.extensions[0]}"
        path.write_bytes(data)
        with capture_logs() as logs:
            try:
                self._done(path, step)
            except WorkerCrash as error:
                assert error.code in _ENDED, error.code
                self._note(f"{form.name} ended a worker", data)
                return False
            except FilemillError as error:
                traces = [log["trace"] for log in logs if "trace" in log]
                assert error.code is not ErrorCode.INTERNAL_ERROR, f"{step}: {''.join(traces)}"
                if error.code is ErrorCode.DEADLINE_EXCEEDED:
                    self._note(f"{form.name} took longer than the deadline", data)
                return False
        return True

    def _note(self, what: str, data: bytes) -> None:
        self.ended[what] += 1
        name = f"{what.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
        (self._findings / name).write_bytes(data)

    def _converted(self, path: Path, name: str) -> Path:
        """Make a file of another format, which stays where it was made."""
        limits = replace(LIMITS, deadline_seconds=_PATIENCE_SECONDS)
        made = self._run(path, {"op": "convert", "format": name}, self._place(), limits).made[0]
        return Path(made.outputs[0].path)

    def _done(self, path: Path, step: Step) -> None:
        place = self._place()
        try:
            self._run(path, step, place)
        finally:
            shutil.rmtree(place)

    def _place(self) -> Path:
        place = self._folder / f"work-{next(self._numbers)}"
        place.mkdir()
        return place

    def _run(self, path: Path, step: Step, place: Path, limits: Limits = LIMITS) -> Outcome:
        task = Task(
            inputs=[Input(str(path), path.name)], pipelines=[encode_steps([step])], folder=str(place), limits=limits
        )
        return self._worker.run(task)


def read_formats(name: str) -> list[Format]:
    """Return the formats that the name of a target stands for; none: it is no such name."""
    read = [form for form in registry().formats if form.open is not None]
    return [form for form in read if name in (DECODER + form.name, DECODERS + form.kind.__name__.lower())]


def decoder_names() -> list[str]:
    """Return the names of the targets of all kinds that some format is opened into."""
    kinds = {form.kind.__name__.lower() for form in registry().formats if form.open is not None}
    return [DECODERS + kind for kind in sorted(kinds)]


def steps_of(form: Format) -> list[Step]:
    """Return what is done with files of a format, each by itself: all that needs no parameters, and a conversion.

    Of pictures it is what looks at them and what makes all their pixels: the rest never sees the file.
    """
    takes = [entry for entry in registry().operations.values() if _takes(entry, form)]
    if form.kind is Picture:
        takes = [entry for entry in takes if entry.shape.returns is Data]
    steps: list[Step] = [{"op": entry.name} for entry in takes]
    target = _nearest(form)
    if target is not None:
        steps.append({"op": "convert", "format": target})
    return steps


def _takes(entry: Entry, form: Format) -> bool:
    if entry.missing is not None or entry.shape.many_in or entry.name in _SLOW:
        return False
    if any(info.required for info in fields(entry.operation)):
        return False
    return any(issubclass(form.kind, kind) and kind is not File for kind in entry.shape.accepts)


def _nearest(form: Format) -> str | None:
    """Return the format that takes the least to come to, itself only where there is no other."""
    paths = {
        name: sum(edge.weight for edge in path.edges)
        for name, path in registry().conversions.paths_from(form.name).items()
        if not path.missing
    }
    others = {name: weight for name, weight in paths.items() if name != form.name}
    return min(others or paths, key=lambda name: (others or paths)[name], default=None)

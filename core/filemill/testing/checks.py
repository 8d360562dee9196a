"""What is asked of every operation of a plugin, one function a demand."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemill.context import Context
from filemill.errors import ErrorCode, FilemillError
from filemill.faults import convert
from filemill.kinds import File
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.registry import Entry, Registry
from filemill.testing.runner import Runner, same
from filemill.testing.samples import Samples
from filemill.testing.strategies import Plain, parameters

LIMITS = Limits(max_pixels=1_000_000, max_dimension=2000, max_outputs=100, deadline_seconds=10.0)
"""Limits of the checks: small, so that a parameter at its upper bound is refused and not worked off."""
MOST_IN_A_WORKER = 5
"""Examples that are also done in a worker process."""
MOST_SUMMARY = 120
"""Letters of a summary that fit on a line of a listing."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An operation under test with what is needed to run it.

    Fields:
        entry: its registration.
        registry: everything installed.
        run: runs it.
        samples: files to run it on.
        folder: the test's own folder.
        examples: how many generated parameter sets are tried in each check.
        known: parameters that the author knows to be good, as plain data.
    """

    entry: Entry
    registry: Registry
    run: Runner
    samples: Samples
    folder: Path
    examples: int
    known: Sequence[Mapping[str, object]]

    def inputs(self) -> list[Path]:
        """Return sample files of the kinds it takes; skips the test where no format opens into one."""
        if self.entry.missing is not None:
            pytest.skip(f"{self.entry.missing.reason} {self.entry.missing.hint}")
        found = self.samples.of(*self.entry.shape.accepts)
        if not found:
            pytest.skip(f"no installed format opens into {self.entry.shape.accepts[0].__name__}")
        return found[:4]

    def steps(self) -> st.SearchStrategy[Plain]:
        """Generate steps as plain data, those that the author knows among them."""
        generated = parameters(self.entry.operation)
        if not self.known:
            return generated
        return st.sampled_from([{"op": self.entry.name, **one} for one in self.known]) | generated

    def read(self, step: Plain) -> Operation | None:
        """Make the operation; None where a rule between its fields refuses the parameters."""
        try:
            operation: Operation = convert(step, self.registry.step_type)
        except FilemillError:
            return None
        return operation

    def tried(self, step: Operation, files: Sequence[Path], **how: Any) -> list[Any] | FilemillError:
        """Run it: what has to be equal the next time, or the typed error."""
        try:
            return list(same(self.run(files, step, sources=self.other(), limits=LIMITS, **how)))
        except FilemillError as error:
            return error

    def other(self) -> Path:
        """Return the file behind every source that is a parameter."""
        return (self.samples.pictures or self.samples.texts)[0]

    def each(
        self, *strategies: st.SearchStrategy[Any], most: int | None = None
    ) -> Callable[[Callable[..., None]], None]:
        """Run a function over generated values, the same ones in every run."""

        def run(test: Callable[..., None]) -> None:
            settings(
                max_examples=min(self.examples, most or self.examples),
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )(given(*strategies)(test))()

        return run


def documented(subject: Subject) -> None:
    """It has a summary of one line, a valid JSON Schema, and a description of every parameter."""
    summary = subject.entry.summary
    assert summary, "the docstring's first line is empty: it is the summary"
    assert len(summary) <= MOST_SUMMARY, f"the summary has {len(summary)} letters; {MOST_SUMMARY} fit"
    schema = msgspec.json.schema(subject.entry.operation)
    jsonschema.Draft202012Validator.check_schema(schema)
    definition = schema["$defs"][subject.entry.operation.__name__]
    for name, property_ in definition["properties"].items():
        said = name == "op" or _describes(property_, schema["$defs"])
        assert said, f"parameter {name!r} has no description: Annotated[…, Meta(description=…)]"


def _describes(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    if schema.get("description"):
        return True
    if "$ref" in schema:
        return bool(definitions[schema["$ref"].rpartition("/")[2]].get("description"))
    return any(_describes(member, definitions) for member in schema.get("anyOf", ()))


def refuses_unknown(subject: Subject) -> None:
    """NA-71: an unknown parameter is refused at its pointer."""
    with pytest.raises(FilemillError) as refused:
        convert({"op": subject.entry.name, "noSuchParameter": 1}, subject.registry.step_type)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert "/noSuchParameter" in [fault.pointer for fault in refused.value.faults]


def survives_the_wire(subject: Subject) -> None:
    """A step is equal after JSON, msgpack and pickle: that is how it reaches a worker process."""

    @subject.each(subject.steps())
    def check(step: Plain) -> None:
        if (operation := subject.read(step)) is None:
            return
        type_ = subject.registry.step_type
        assert msgspec.json.decode(msgspec.json.encode(operation), type=type_) == operation
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(operation), type=type_) == operation
        assert pickle.loads(pickle.dumps(operation)) == operation  # noqa: S301 - its own bytes


def gives_its_kind(subject: Subject) -> None:
    """What `run` returns is what its annotation says; anything it refuses, it refuses with a typed error."""
    files, shape = subject.inputs(), subject.entry.shape
    done: list[Plain] = []

    @subject.each(subject.steps(), st.sampled_from(files))
    def check(step: Plain, path: Path) -> None:
        if (operation := subject.read(step)) is None:
            return
        context, value = _opened(subject, operation, path)
        try:
            result = operation.run([value, value] if shape.many_in else value, context)
        except FilemillError:
            return
        if shape.many_out:
            assert isinstance(result, list), f"{step} gave {type(result).__name__}; a list is promised"
        for one in result if isinstance(result, list) else [result]:
            assert shape.returns is File or isinstance(one, shape.returns), (
                f"{step} gave {type(one).__name__}; {shape.returns.__name__} is promised"
            )
        done.append(step)

    assert done, "it refused everything: give parameters that work, conformance_tests(…, known={name: [{…}]})"


def _opened(subject: Subject, operation: Operation, path: Path) -> tuple[Context, object]:
    formats, shape = subject.registry.formats, subject.entry.shape
    other = subject.other()
    extra = formats.sniff(other, other.name)
    context = Context(
        limits=LIMITS,
        folder=subject.folder,
        formats=formats,
        conversions=subject.registry.conversions,
        extras=_AlwaysOne(extra),
    )
    file = formats.sniff(path, path.name)
    kind = formats[file.format].kind
    return context, context.open(file, kind) if any(issubclass(kind, one) for one in shape.accepts) else file


class _AlwaysOne(dict[str, File]):
    """The file behind every source."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self._file = file

    def __missing__(self, key: str) -> File:
        return self._file


def repeats_itself(subject: Subject) -> None:
    """The same input gives the same bytes and facts, or the same error, each time."""
    files = subject.inputs()

    @subject.each(subject.steps(), st.sampled_from(files))
    def check(step: Plain, path: Path) -> None:
        if (operation := subject.read(step)) is None:
            return
        first, second = (_told(subject.tried(operation, [path])) for _ in range(2))
        assert first == second, f"{step} on {path.name}: first {first}, then {second}"


def _told(result: list[Any] | FilemillError) -> object:
    return (result.code, result.detail) if isinstance(result, FilemillError) else result


def refuses_broken_files(subject: Subject) -> None:
    """NA-71: a truncated or altered file gives a result or a typed error that is the file's fault, never a crash."""
    files = subject.inputs()
    broken = subject.folder / "broken"

    @subject.each(subject.steps(), st.sampled_from(files), st.integers(0, 2**32 - 1))
    def check(step: Plain, path: Path, seed: int) -> None:
        if (operation := subject.read(step)) is None:
            return
        broken.write_bytes(damaged(path.read_bytes(), seed))
        result = subject.tried(operation, [broken])
        if isinstance(result, FilemillError):
            assert result.code is not ErrorCode.INTERNAL_ERROR, f"{step}: {result.detail}"


def damaged(data: bytes, seed: int) -> bytes:
    """Cut a file, alter some of its bytes, or both."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    altered = bytearray(data)
    if seed % 3:
        for _ in range(chance.randint(1, 8)):
            altered[chance.randrange(len(altered))] = chance.randrange(256)
    return bytes(altered[: chance.randrange(len(data))] if seed % 2 else altered)


def works_in_a_worker(subject: Subject) -> None:
    """A worker process gives the same as this process, before the deadline."""
    files = subject.inputs()

    @subject.each(subject.steps(), st.sampled_from(files), most=MOST_IN_A_WORKER)
    def check(step: Plain, path: Path) -> None:
        if (operation := subject.read(step)) is None:
            return
        here = subject.tried(operation, [path])
        there = subject.tried(operation, [path], in_worker=True)
        assert _told(there) == _told(here), f"{step} on {path.name}: in a worker process {there}, here {here}"


CHECKS: tuple[Callable[[Subject], None], ...] = (
    documented,
    refuses_unknown,
    survives_the_wire,
    gives_its_kind,
    repeats_itself,
    refuses_broken_files,
    works_in_a_worker,
)

"""Pipelines: steps decoded, completed and type-checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from filemill.convert import Convert
from filemill.encoding import Encoding
from filemill.errors import ErrorCode, Fault, FilemillError, invalid
from filemill.faults import convert, refuse, unknown
from filemill.kinds import File
from filemill.limits import Limits
from filemill.operation import Operation, PictureOperation
from filemill.picture import Picture
from filemill.registry import Registry


def read_steps(registry: Registry, value: object, pointer: str = "/steps", *, strict: bool = True) -> list[Operation]:
    """Make steps of plain data: a list of `{"op": name, …}`.

    Raises:
        FilemillError: `INVALID_PARAMETER` with every fault and its pointer, `OPERATION_UNAVAILABLE`.
    """
    steps: list[Operation]
    try:
        steps = msgspec.convert({"steps": value}, registry.held_pipeline, strict=strict).steps
    except (msgspec.ValidationError, FilemillError):  # then time is no matter: all faults are named
        steps = convert(value, registry.pipeline_type, pointer, strict=strict)
    return steps


def read_step(registry: Registry, name: str, parameters: dict[str, object], *, strict: bool = True) -> Operation:
    """Make one step of an operation's name and its parameters as plain data."""
    if "op" in parameters:
        raise invalid("/op", f"'op' is not a parameter: the address says that it is {name!r}.")
    step: Operation = convert(parameters, registry.operations[name].operation, strict=strict)
    return step


def check_steps(
    registry: Registry,
    steps: Sequence[Operation],
    limits: Limits,
    pointer: str = "/steps",
) -> None:
    """Check a whole pipeline: operations available, kinds fitting, formats known.

    Args:
        registry: all operations and formats.
        steps: the pipeline.
        limits: how many steps are allowed.
        pointer: JSON pointer of the pipeline, `""` for a single step at the root.

    Raises:
        FilemillError: `INVALID_PARAMETER` naming both kinds, or the format; `OPERATION_UNAVAILABLE`.
    """
    if not steps:
        raise invalid(pointer, "A pipeline has at least one step.")
    if len(steps) > limits.max_steps:
        raise invalid(pointer, f"A pipeline has at most {limits.max_steps} steps; this one has {len(steps)}.")
    given: type = File
    maker = ""
    found: list[Fault] = []
    for index, step in enumerate(steps):
        entry = registry.entry(step)
        if entry.missing is not None:
            raise FilemillError(
                ErrorCode.OPERATION_UNAVAILABLE,
                f"{entry.name!r}: {entry.missing.reason} {entry.missing.hint}",
            )
        here = f"{pointer}/{index}" if pointer else ""
        if not fits(given, entry.shape.accepts):
            wanted = " or ".join(kind.__name__ for kind in entry.shape.accepts)
            found.append(Fault(here, f"{entry.name!r} takes {wanted}, but {maker!r} before it gives {given.__name__}."))
        given, maker = given_by(registry, step), entry.name
        if isinstance(step, Convert):
            found += _check_target(registry, step, here)
        elif isinstance(step, PictureOperation):
            found += _check_format(registry, step, here)
    if found:
        raise refuse(found)


def fits(given: type, accepted: Sequence[type]) -> bool:
    """Whether a value of one kind can go where others are taken; a `File` is opened and saved on the way."""
    return given is File or any(kind is File or issubclass(given, kind) for kind in accepted)


def given_by(registry: Registry, step: Operation) -> type:
    """Return the kind that a step gives; a conversion gives that of the wanted format."""
    if not isinstance(step, Convert):
        return registry.entry(step).shape.returns
    form = registry.formats.find(step.target) if step.target is not None else None
    return Picture if form is None else form.kind


def _check_target(registry: Registry, step: Convert, pointer: str) -> list[Fault]:
    """Check that something can become the format, and that settings of an encoder are for pictures."""
    if step.target is None:
        return []
    where = f"{pointer}/format/type" if isinstance(step.format, Encoding) else f"{pointer}/format"
    form = registry.formats.find(step.target)
    written = {known.name for known in registry.formats.written(Picture)}
    possible = registry.conversions.targets | written
    if form is None:
        return [Fault(where, unknown(step.target, possible, "format"))]
    if form.name not in possible:
        return [Fault(where, f"Nothing can become {form.title} here. Possible: {', '.join(sorted(possible))}.")]
    if form.name not in written and step.settings != Encoding(type=step.target):
        return [Fault(pointer, f"Quality and other settings of an encoder are for pictures; {form.title} has none.")]
    return []


def _check_format(registry: Registry, step: PictureOperation, pointer: str) -> list[Fault]:
    name = step.encoding().type
    if name is None:
        return []
    form = registry.formats.find(name)
    written = {known.name for known in registry.formats.written(Picture)}
    if form is not None and form.name in written:
        return []
    where = f"{pointer}/format/type" if isinstance(step.format, Encoding) else f"{pointer}/format"
    if form is not None:
        return [Fault(where, f"{form.title} can't be written as a picture. Written: {', '.join(sorted(written))}.")]
    return [Fault(where, unknown(name, written, "format"))]

"""Steps as they are written on the command line: `resize:width=800,fit=cover`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import fields, replace

from filemill.convert import Convert
from filemill.encoding import Encoding
from filemill.errors import Fault, FilemillError, invalid
from filemill.faults import members_of, refuse, unknown
from filemill.kinds import Data, File
from filemill.operation import Operation, PictureOperation
from filemill.parameters import read_text
from filemill.picture import Picture
from filemill.pipeline import given_by, read_step
from filemill.registry import Registry
from filemill.sources import Source, sources_in
from filemill.task import Input

_STEP = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?::.*)?", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*")
_JSON = json.JSONDecoder(strict=False)


def looks_like_step(argument: str) -> bool:
    """Whether an argument has the form of a step; a file that has it is written with its folder: `./flip`."""
    return _STEP.fullmatch(argument) is not None


def is_unicode(argument: str) -> bool:
    """Whether an argument was text; other bytes come as lone surrogates, which no message can carry."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def split_step(argument: str) -> tuple[str, list[tuple[str, str]]]:
    """Take a step apart: its operation, and its parameters as names and texts.

    A value goes to the next comma. One that holds a comma is quoted (`text="one, two"`, with the
    escapes of JSON, or `text='one, two'`, as it stands), or is a JSON object or list.

    Raises:
        FilemillError: `INVALID_PARAMETER` that says what was expected, and at which character.
    """
    if not is_unicode(argument):
        raise invalid("", f"{argument!r} is not UTF-8.")
    name, colon, rest = argument.partition(":")
    pairs: list[tuple[str, str]] = []
    at = 0
    while colon and at < len(rest):
        match = _NAME.match(rest, at)
        if match is None:
            raise _unreadable(
                argument,
                rest[at:],
                "here name=value is expected. A value with a comma is quoted: 'text=\"one, two\"'",
            )
        value, at = _value(argument, rest, match.end())
        pairs.append((match[1], value))
        if at < len(rest) and rest[at] != ",":
            raise _unreadable(argument, rest[at:], "after a value comes a comma or the end")
        at += 1
    return name, pairs


def read_command_steps(registry: Registry, arguments: Sequence[str]) -> list[Operation]:
    """Make steps of the arguments of a command; a parameter that is a source takes a local path.

    Raises:
        FilemillError: `INVALID_PARAMETER` with the faults of all steps.
    """
    steps: list[Operation] = []
    faults: list[Fault] = []
    for index, argument in enumerate(arguments):
        try:
            steps.append(_step(registry, argument))
        except FilemillError as error:
            found = error.faults or (Fault("", error.detail),)
            faults += [Fault(f"/steps/{index}{fault.pointer}", fault.detail) for fault in found]
    if faults:
        raise refuse(faults)
    return steps


def local_sources(steps: Sequence[Operation]) -> dict[str, Input]:
    """Return the local files that are parameters of steps, by `Source.key`.

    Raises:
        FilemillError: `INVALID_PARAMETER` for a source that is not a local path, or no file.
    """
    found: dict[str, Input] = {}
    for pointer, source in sources_in(list(steps), "/steps"):
        if source.storage_key is None:
            raise invalid(pointer, "On the command line a source is the path of a file on this machine.")
        path = Path(source.storage_key)
        if not path.is_file():
            raise invalid(pointer, f"There is no file {source.storage_key!r}.")
        found[source.key] = Input(str(path.absolute()), path.name)
    return found


def wish_format(registry: Registry, steps: Sequence[Operation], name: str) -> list[Operation]:
    """Return the steps with the format that a result's name asks for: wished of a picture, else converted to.

    Raises:
        FilemillError: `INVALID_PARAMETER` where the steps already ask for another format.
    """
    form = registry.formats.of_name(name)
    given = given_by(registry, steps[-1])
    if form is None or given in (Data, File) or (issubclass(given, form.kind) and given is not Picture):
        return list(steps)
    if given is not Picture or form not in registry.formats.written(Picture):
        return [*steps, Convert(format=form.name)] if form.name in registry.conversions.targets else list(steps)
    last = 0
    for index, step in enumerate(steps):
        if not isinstance(step, PictureOperation):
            continue
        last, wished = index, step.encoding().type
        if wished is not None and registry.formats.find(wished) is not form:
            raise invalid(
                f"/steps/{index}/format", f"The step asks for {wished!r}, the result's name for {form.name!r}."
            )
    step = steps[last]
    assert isinstance(step, PictureOperation)
    settings = step.format if isinstance(step.format, Encoding) else Encoding()
    wishing = replace(step, format=settings.merge(Encoding(type=form.name)))
    return [*steps[:last], wishing, *steps[last + 1 :]]


def _step(registry: Registry, argument: str) -> Operation:
    name = argument.partition(":")[0]
    if name not in registry.operations:
        raise invalid("", unknown(name, registry.operations, "operation"))
    name, pairs = split_step(argument)
    operation = registry.operations[name].operation
    types = {info.encode_name: info.type for info in fields(operation)}
    texts = [(name, _source_text(text) if _is_source(types.get(name)) else text) for name, text in pairs]
    return read_step(registry, name, read_text(texts, operation), strict=False)


def _is_source(type_: object) -> bool:
    members = members_of(type_)
    return Source in members and str not in members


def _source_text(text: str) -> str:
    """Write a local path as a source: the file system is the storage of a command."""
    return text if text.startswith("{") else msgspec.json.encode(Source(storage_key=text)).decode()


def _value(argument: str, text: str, start: int) -> tuple[str, int]:
    """Read a value; return its text and where it ends."""
    first = text[start : start + 1]
    if first == "'":
        end = text.find("'", start + 1)
        if end < 0:
            raise _unreadable(argument, text[start:], "the closing ' is missing")
        return text[start + 1 : end], end + 1
    if first and first in '"{[':
        try:
            value, end = _JSON.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError) as error:
            raise _unreadable(argument, text[start:], f"this is not readable as JSON: {error}") from None
        if isinstance(value, str) and not is_unicode(value):
            raise _unreadable(argument, text[start:], "an escape in it stands for no character")
        return (value if isinstance(value, str) else text[start:end]), end
    end = text.find(",", start)
    end = len(text) if end < 0 else end
    return text[start:end].rstrip(), end


def _unreadable(argument: str, rest: str, reason: str) -> FilemillError:
    return invalid("", f"at {rest!r} of {argument!r}: {reason}.")

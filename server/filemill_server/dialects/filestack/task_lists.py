"""Tasks as JSON: in `b64` URLs and in the body of `POST /process`."""

from __future__ import annotations

import math

import msgspec

from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.cutting import MAX_DEPTH, MAX_ITEMS, MAX_OPTIONS, MAX_TASKS, check_name
from filemill_server.dialects.filestack.request import Task, Value, unreadable


def decode_tasks(payload: str) -> list[Task]:
    """Read the task list of a `b64` URL: base64 of a JSON array.

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    raw = decode_base64(payload, "The task list behind b64/")
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("The task list behind b64/ is not JSON, or is nested too deep.") from error
    return read_tasks(value)


def read_tasks(value: object) -> list[Task]:
    """Read `[{"name": …, "params": {…}}, …]`; the case of the two keys does not matter.

    Raises:
        FilemillError: `BAD_REQUEST`, naming the place in the array.
    """
    if not isinstance(value, list):
        raise unreadable('The tasks are no array; they would be [{"name": "resize", "params": {"width": 100}}].')
    if len(value) > MAX_TASKS:
        raise unreadable(f"There are {len(value)} tasks; {MAX_TASKS} are allowed.")
    return [_task(item, number) for number, item in enumerate(value, 1)]


def _task(item: object, number: int) -> Task:
    if not isinstance(item, dict):
        raise unreadable(f"Task {number} is no object with 'name' and 'params'.")
    members = {str(name).lower(): member for name, member in item.items()}
    if len(members) != len(item) or not members.keys() <= {"name", "params"}:
        raise unreadable(f"Task {number} has other members than one 'name' and one 'params'.")
    name, params = members.get("name"), members.get("params")
    if not isinstance(name, str):
        raise unreadable(f"Task {number} has no 'name'.")
    check_name(name, "task")
    if params is None or isinstance(params, bool):
        return Task(name, {}, params is not False)
    if not isinstance(params, dict):
        raise unreadable(f"The 'params' of task {number}, {name!r}, are no object.")
    if len(params) > MAX_OPTIONS:
        raise unreadable(f"Task {number}, {name!r}, has {len(params)} options; {MAX_OPTIONS} are allowed.")
    options: dict[str, Value] = {}
    for option, given in params.items():
        check_name(option, f"option of {name}")
        if given is not None:
            options[option] = _value(given, f"Task {number}, {name!r}: the option {option!r}", MAX_DEPTH)
    return Task(name, options)


def _value(given: object, where: str, depth: int) -> Value:
    """Give a JSON value as it would stand in a URL."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return given
    if isinstance(given, int):
        return str(given)
    if isinstance(given, float) and math.isfinite(given):
        return str(int(given)) if given.is_integer() and abs(given) < 1 << 53 else repr(given)
    if isinstance(given, list):
        if not depth:
            raise unreadable(f"{where} has lists nested deeper than {MAX_DEPTH} levels.")
        if len(given) > MAX_ITEMS:
            raise unreadable(f"{where} has {len(given)} items; {MAX_ITEMS} are allowed.")
        return tuple(_value(item, where, depth - 1) for item in given)
    raise unreadable(f"{where} has a value that is no text, number, true, false or list of these.")

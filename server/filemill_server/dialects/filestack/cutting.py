"""Cutting the decoded text of a chain into tasks, options and lists.

What stands in `"…"` or `[…]` is never cut. Every function passes once over its text, and lists are nested
to `MAX_DEPTH`, so the work is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote_to_bytes

import msgspec

from filemill.errors import FilemillError
from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.request import Task, Value, quoted, unreadable

MAX_TASKS = 50
MAX_OPTIONS = 50
MAX_ITEMS = 1000
MAX_DEPTH = 4
"""Levels of nested lists; the deepest that a task takes has two."""

_MAX_JOINS = 8
_POLICY = re.compile(r"[=,](?:p|policy):([^,]*)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decoded(text: str, what: str) -> str:
    """Percent-decode a text once.

    Raises:
        FilemillError: `BAD_REQUEST` for a `%` without two digits, for what is no UTF-8 (overlong forms and
            surrogates among it), and for control characters.
    """
    broken = _ESCAPE.search(text)
    if broken is not None:
        piece = text[broken.start() : broken.start() + 3]
        raise unreadable(f"{what}: {piece!r} is no percent-encoding; a '%' itself is written '%25'.")
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise unreadable(f"{what}: the percent-encoding is not of UTF-8 text.") from error
    return without_controls(plain, what)


def without_controls(text: str, what: str) -> str:
    """Return a text that has no control characters, or refuse it."""
    found = _CONTROL.search(text)
    if found is not None:
        raise unreadable(f"{what}: the control character U+{ord(found[0]):04X} is not allowed.")
    return text


def read_chain(text: str) -> list[Task]:
    """Read the decoded tasks of a path, which `/` separates.

    Raises:
        FilemillError: `BAD_REQUEST`, naming the task.
    """
    pieces = cut(text, "/", MAX_TASKS, "tasks")
    return [read_task(piece) for piece in _with_whole_policies(pieces) if piece]


def _with_whole_policies(pieces: list[str]) -> Iterator[str]:
    """Join what a `/` within a policy has parted: JS writes the standard alphabet of base64, which has one."""
    place = 0
    while place < len(pieces):
        end = place + 1
        if pieces[place].startswith("security="):
            stops = range(end, min(end + _MAX_JOINS, len(pieces)) + 1)
            end = next((stop for stop in stops if _policy_is_whole("/".join(pieces[place:stop]))), end)
        yield "/".join(pieces[place:end])
        place = end


def _policy_is_whole(text: str) -> bool:
    policy = _POLICY.search(text)
    try:
        return policy is not None and bool(msgspec.json.decode(decode_base64(policy[1], "The policy")))
    except (FilemillError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def read_task(text: str) -> Task:
    """Read `name` or `name=option:value,option:value`."""
    name, _, rest = text.partition("=")
    check_name(name, "task")
    if rest in ("", "true", "false"):
        return Task(name, {}, rest != "false")
    options: dict[str, Value] = {}
    for piece in cut(rest, ",", MAX_OPTIONS, f"options of {name}"):
        option, colon, value = piece.partition(":")
        option = option.strip()
        if not colon:
            raise unreadable(f"Task {name!r}: {quoted(piece)} is no option; it would be 'name:value'.")
        check_name(option, f"option of {name}")
        if option in options:
            raise unreadable(f"Task {name!r}: the option {option!r} is given twice.")
        options[option] = read_value(value)
    return Task(name, options)


def read_value(text: str) -> Value:
    """Read a value: a list in brackets, a text in quotes, or a plain text."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        return tuple(read_value(item) for item in cut(inner, ",", MAX_ITEMS, "items of a list")) if inner else ()
    return unquoted(text)


def unquoted(text: str) -> str:
    """Take the quotes off a text that stands in quotes."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def check_name(name: str, what: str) -> None:
    """Refuse what can't be the name of a task or an option."""
    if not _NAME.fullmatch(name):
        raise unreadable(f"{quoted(name)} is no name of a {what}: a letter, then letters, digits and '_'.")


def cut(text: str, separator: str, most: int, what: str) -> list[str]:
    """Cut a text at a separator, but not within quotes and brackets.

    Raises:
        FilemillError: `BAD_REQUEST` for more than `most` parts, brackets nested deeper than `MAX_DEPTH`, and
            quotes or brackets that are not closed.
    """
    parts: list[str] = []
    start = depth = 0
    within = False
    for mark in _marks(separator).finditer(text):
        char = mark[0]
        if char == '"':
            within = not within
        elif within:
            continue
        elif char == "[":
            depth += 1
            if depth > MAX_DEPTH:
                raise unreadable(f"Lists are nested deeper than {MAX_DEPTH} levels.")
        elif char == "]":
            depth -= 1
            if depth < 0:
                raise unreadable(f"There is a ']' without its '[' in {quoted(text)}.")
        elif depth == 0:
            parts.append(text[start : mark.start()])
            start = mark.end()
            if len(parts) >= most:
                raise unreadable(f"There are more than {most} {what}.")
    if within or depth:
        raise unreadable(f"A {'quote' if within else 'bracket'} is not closed in {quoted(text)}.")
    return [*parts, text[start:]]


@cache
def _marks(separator: str) -> re.Pattern[str]:
    return re.compile(rf'["\[\]{separator}]')

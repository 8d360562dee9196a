"""How errors are told on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from filemill.errors import FilemillError


def lines_of(error: FilemillError, arguments: Sequence[str] = ()) -> list[str]:
    """Return an error's lines: every fault on its own, with the argument it is about.

    Args:
        error: what was refused.
        arguments: the steps as the caller wrote them; a pointer into `/steps` names one of them.
    """
    if not error.faults:
        return [f"{error.code.name}: {error.detail}"]
    return [_line(fault.pointer, fault.detail, arguments) for fault in error.faults]


@contextmanager
def refusing(arguments: Sequence[str] = ()) -> Iterator[None]:
    """Tell a `FilemillError` on standard error and end with exit code 1."""
    try:
        yield
    except FilemillError as error:
        for line in lines_of(error, arguments):
            click.echo(f"Error: {line}", err=True)
        sys.exit(1)


def _line(pointer: str, detail: str, arguments: Sequence[str]) -> str:
    match pointer.split("/")[1:]:
        case ["steps", number, *rest] if number.isdigit() and int(number) < len(arguments):
            where = f"{arguments[int(number)]}: {'.'.join(rest)}"
        case parts:
            where = ".".join(parts)
    return f"{where.removesuffix(': ')}: {detail}" if where else detail

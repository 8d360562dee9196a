"""The page of the command line, from its commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from filemill_server.cli import main


def commands(command: click.Command = main, name: str = "filemill") -> Iterator[tuple[str, click.Command]]:
    """Walk all commands with their full names."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        found = command.get_command(context, part)
        assert found is not None
        yield from commands(found, f"{name} {part}")


def commands_page() -> str:
    """Return the page of all commands."""
    return "# Command line\n" + "".join(_section(name, command) for name, command in commands())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    told = inspect.cleandoc(command.help or "")
    parts = [f"\n## {name}\n\n```text\n{usage}\n```\n"]
    for paragraph in told.split("\n\n"):
        verbatim = paragraph.startswith("\b\n")
        parts.append(f"\n```text\n{paragraph[2:]}\n```\n" if verbatim else f"\n{paragraph}\n")
    options = [record for option in command.params if (record := option.get_help_record(context))]
    if options:
        parts.append("\n" + "".join(f"- `{names}`: {meaning}\n" for names, meaning in options))
    return "".join(parts)

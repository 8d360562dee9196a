"""Tables on standard output: drawn for a terminal, tab-separated for a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows to standard output; a program that reads them gets one line a row, without titles."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def show_json(body: object) -> None:
    """Write a struct or plain data to standard output as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(body), indent=2))

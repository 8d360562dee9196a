"""`filemill plugin new`: writes a new plugin project."""

from __future__ import annotations

from pathlib import Path

import click

from filemill.scaffold import write_plugin
from filemill_server.cli.refusals import refusing


@click.group()
def plugin() -> None:
    """Write a new plugin."""


@plugin.command("new")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def new_plugin(name: str, folder: Path | None) -> None:
    """Write a plugin project that works: an operation, its tests, packaging. NAME is such as my-effects.

    It goes into FOLDER, by default one of its name here, which must not exist or be empty.
    """
    with refusing():
        written = write_plugin(name, folder or Path(name))
    for path in written:
        click.echo(str(path))

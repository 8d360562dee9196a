"""`filemill plugin new`: writes a new plugin project."""

from __future__ import annotations

from pathlib import Path

import click

from filemill.scaffold import write_plugin


@click.group()
def plugin() -> None:
    """Write a new plugin."""


@plugin.command("new")
@click.argument("name")
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
def new_plugin(name: str, folder: Path) -> None:
    """Write a plugin project that works: an operation, its tests, packaging.

    NAME is lower-case words with hyphens, such as old-film; the project filemill-NAME is made in FOLDER, by
    default here.
    """
    try:
        written = write_plugin(name, folder)
    except FileExistsError as error:
        raise click.ClickException(f"{str(error.filename)!r} is there already.") from None
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None
    for path in written:
        click.echo(str(path))

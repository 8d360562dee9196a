"""`filemill config`: every setting with its meaning, default, present value and where that is from."""

from __future__ import annotations

import os

import click

from filemill_server.cli.installation import settings_or_exit
from filemill_server.cli.tables import show_json, show_table
from filemill_server.settings import described


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config(as_json: bool) -> None:
    """List all settings with their present value, where it is from, their default and meaning.

    Settings come from the environment (FILEMILL_...) and from filemill.toml in the working folder.
    Secrets are masked. Ends with exit code 2 where settings are wrong, and names all of them.
    """
    rows = described(settings_or_exit(), os.environ)
    if as_json:
        show_json(rows)
        return
    show_table(
        ["Setting", "Value", "From", "Default", "Meaning"],
        [[row.name, row.value, row.origin, row.default, row.meaning] for row in rows],
    )

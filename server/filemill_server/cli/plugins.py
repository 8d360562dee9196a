"""`filemill plugins`: what is installed, and what could not be loaded."""

from __future__ import annotations

import click

from filemill_server.cli.installation import installed
from filemill_server.cli.tables import show_table


@click.command()
def plugins() -> None:
    """List the installed plugins with what they bring, and those that could not be loaded with the reason."""
    registry = installed().registry
    rows: list[list[str]] = []
    for plugin in registry.plugins:
        operations = sum(entry.plugin == plugin for entry in registry.operations.values())
        formats = sum(owner == plugin for owner in registry.format_plugins.values())
        folders = sum(owner == plugin for owner, _ in registry.preset_folders)
        brings = f"{operations} operations, {formats} formats, {folders} preset folders"
        rows.append([plugin.name, f"{plugin.distribution} {plugin.version}", "loaded", brings])
    for failure in registry.failures:
        plugin = failure.plugin
        rows.append([plugin.name, f"{plugin.distribution} {plugin.version}", "failed", failure.reason])
    show_table(["Plugin", "Distribution", "State", "What it brings"], rows)

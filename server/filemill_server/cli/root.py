"""The command `filemill`: a group whose commands are imported one by one."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "config": ("config:config", "List all settings."),
    "doctor": ("doctor:doctor", "Tell what works here, and what would make the rest work."),
    "formats": ("catalogue:formats", "List all formats."),
    "keys": ("keys:keys", "Make, list and revoke keys."),
    "operations": ("catalogue:operations", "List all operations, or describe one."),
    "plugin": ("plugin:plugin", "Write a new plugin."),
    "plugins": ("plugins:plugins", "List the plugins, and those that could not be loaded."),
    "presets": ("presets:presets", "List packs, check preset files."),
    "run": ("run:run", "Run a pipeline on local files."),
    "serve": ("serve:serve", "Start the server."),
    "sign": ("sign:sign", "Sign URLs that work without a key until a moment."),
    "worker": ("worker:worker", "Run jobs, and answer no requests."),
}


class Commands(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(f"filemill_server.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in sorted(_COMMANDS.items())])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="filemill", prog_name="filemill")
def main() -> None:
    """Process files by named operations: as a server, or here and now on local files."""

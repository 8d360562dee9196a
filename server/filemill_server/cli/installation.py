"""What a command works with: the settings, the limits they give, and the registry of installed plugins."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
import structlog
from msgspec import Struct

from filemill.limits import Limits
from filemill.registry import Registry, load_registry
from filemill_server.logs import configure_logs
from filemill_server.settings import Settings, SettingsError, limits, load_settings

if TYPE_CHECKING:
    from filemill_server.packs import Packs

log = structlog.get_logger("filemill")


class Installation(Struct, frozen=True):
    """An installation as its settings say."""

    settings: Settings
    limits: Limits
    registry: Registry


def settings_or_exit() -> Settings:
    """Load the settings; tell all that are wrong and end with exit code 2 where they can't be used."""
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        tell(error)
        sys.exit(2)


def warn_of_root() -> None:
    """Say in the log that the server has more rights than it needs; it may be root of a container only, and goes on."""
    if os.geteuid() == 0:
        log.warning(
            "runs_as_root", advice="Run it as an ordinary user: whatever breaks out of a worker has its rights."
        )


def tell(error: SettingsError) -> None:
    """Say on standard error what is wrong with the settings."""
    for fault in error.faults:
        click.echo(f"Error: {fault}", err=True)


def installed() -> Installation:
    """Load the settings and the plugins; the log is quiet below errors."""
    configure_logs("error")
    settings = settings_or_exit()
    return Installation(settings, limits(settings), load_registry(settings.blocked_plugins))


def read_packs(installation: Installation) -> Packs:
    """Read all packs: those of plugins and those of the operator's folder."""
    from filemill_server.packs import Packs  # noqa: PLC0415 - it watches files, which most commands don't

    packs = Packs(installation.registry, installation.limits, installation.settings.presets_dir)
    packs.load()
    return packs

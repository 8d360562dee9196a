"""The page of settings, from `Settings`."""

from __future__ import annotations

from msgspec import NODEFAULT
from msgspec.structs import fields

from filemill_server.handbook.markdown import code, table
from filemill_server.settings import Settings, described


def settings_page() -> str:
    """Return the page of all settings."""
    by_machine = {info.name for info in fields(Settings) if info.default_factory is not NODEFAULT}
    rows = [
        [
            code(row.name),
            "by the machine" if row.name.removeprefix("FILEMILL_").lower() in by_machine else code(row.default),
            row.meaning,
        ]
        for row in described(Settings(), {})
    ]
    return (
        "# Settings\n\n"
        "Each is a variable of the environment, or stands in `filemill.toml` in the working folder without the prefix"
        ' and in small letters (`data_dir = "/srv/filemill"`). The environment wins. Lists are separated by commas in'
        " the environment and are lists in TOML. `filemill config` shows the values in use; all that are wrong are told"
        " at once, and the server does not start.\n\n" + table(["Setting", "Default", "Meaning"], rows)
    )

"""The dialects of a server, which plugins bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from litestar import Litestar

from filemill.faults import unknown
from filemill.registry import Registry
from filemill_server.dialects.dialect import Dialect
from filemill_server.settings import Settings, SettingsError
from filemill_server.settings.reading import SettingFault

log = structlog.get_logger("filemill.dialects")

_HOSTS = "FILEMILL_DIALECT_HOSTS"
_ROOT = "FILEMILL_ROOT_DIALECTS"


class Spoken(NamedTuple):
    """A dialect, and the application that answers in it."""

    dialect: Dialect
    app: Litestar


def load_dialects(registry: Registry) -> Mapping[str, Spoken]:
    """Return all dialects by their names. What is wrong with a plugin's is reported, and it is left out."""
    found: dict[str, Spoken] = {}
    for plugin in registry.plugins:
        try:
            brought = [_spoken(dialect, found) for dialect in registry.ask(plugin, "filemill_dialects")]
        except Exception as error:
            log.exception("dialects_left_out", plugin=plugin.name, exc_info=error)
            continue
        found |= {spoken.dialect.name: spoken for spoken in brought}
    return found


def dialect_hosts(settings: Settings, dialects: Mapping[str, Spoken]) -> Mapping[str, str]:
    """Return the dialects that have host names of their own, by these.

    Raises:
        SettingsError: the setting is malformed, or names a dialect that is not there.
    """
    hosts: dict[str, str] = {}
    for entry in settings.dialect_hosts:
        name, equals, host = (part.strip() for part in entry.partition("="))
        if not equals or not host:
            raise _wrong(_HOSTS, entry, "It is not like shop=api.example.com.")
        hosts[host.lower()] = _known(name, dialects, _HOSTS)
    return hosts


def root_dialects(settings: Settings, dialects: Mapping[str, Spoken]) -> Sequence[str]:
    """Return the dialects whose paths stand at the root.

    Raises:
        SettingsError: the setting names a dialect that is not there.
    """
    return [_known(name, dialects, _ROOT) for name in settings.root_dialects]


def _known(name: str, dialects: Mapping[str, Spoken], setting: str) -> str:
    if name not in dialects:
        raise _wrong(setting, name, unknown(name, dialects, "dialect"))
    return name


def _wrong(setting: str, value: str, detail: str) -> SettingsError:
    return SettingsError([SettingFault(setting, value, detail)])


def _spoken(dialect: object, known: Mapping[str, Spoken]) -> Spoken:
    if not isinstance(dialect, Dialect):
        raise TypeError(f"{dialect!r} is no Dialect")
    if dialect.name in known:
        raise ValueError(f"there is a dialect {dialect.name!r} already")
    return Spoken(dialect, dialect.application())

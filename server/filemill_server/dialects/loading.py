"""The dialects of a server: ours, and those that plugins bring."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import structlog
from litestar import Litestar

from filemill.faults import unknown
from filemill.registry import Registry
from filemill_server.dialects.dialect import Dialect
from filemill_server.dialects.filagram import FILAGRAM
from filemill_server.dialects.filestack import FILESTACK
from filemill_server.dialects.filewhirl import FILEWHIRL
from filemill_server.dialects.imgsmaller import IMGSMALLER
from filemill_server.dialects.imgstax import IMGSTAX
from filemill_server.settings import Settings, SettingsError
from filemill_server.settings.reading import SettingFault

log = structlog.get_logger("filemill.dialects")

OURS: Sequence[Dialect] = (FILAGRAM, FILESTACK, FILEWHIRL, IMGSMALLER, IMGSTAX)
_BROWSERS = "FILEMILL_BROWSER_DIALECTS"
_DELIVERY = "FILEMILL_DELIVERY_URLS"
_HOSTS = "FILEMILL_DIALECT_HOSTS"
_ROOT = "FILEMILL_ROOT_DIALECTS"
_URL = re.compile(r"https?://[^/?#\s@]+(/[^?#\s]*)?")


class Spoken(NamedTuple):
    """A dialect, and the application that answers in it."""

    dialect: Dialect
    app: Litestar


def load_dialects(registry: Registry, browsers: Collection[str] = ()) -> Mapping[str, Spoken]:
    """Return all dialects by their names. What is wrong with a plugin's is reported, and it is left out.

    Args:
        registry: of the plugins.
        browsers: names of dialects that pages of other origins may use.

    Raises:
        SettingsError: one of these names is none of a dialect.
    """
    found: dict[str, Spoken] = {}

    def spoken(dialect: object) -> Spoken:
        checked = _checked(dialect, found)
        return Spoken(checked, checked.application(browsers=checked.name in browsers))

    found |= {dialect.name: spoken(dialect) for dialect in OURS}
    for plugin in registry.plugins:
        try:
            brought = [spoken(dialect) for dialect in registry.ask(plugin, "filemill_dialects")]
        except Exception as error:
            log.exception("dialects_left_out", plugin=plugin.name, exc_info=error)
            continue
        found |= {one.dialect.name: one for one in brought}
    for name in browsers:
        _known(name, found, _BROWSERS)
    return found


def dialect_hosts(settings: Settings, dialects: Mapping[str, Spoken]) -> Mapping[str, str]:
    """Return the dialects that have host names of their own, by these.

    Raises:
        SettingsError: the setting is malformed, or names a dialect that is not there.
    """
    hosts: dict[str, str] = {}
    for entry in settings.dialect_hosts:
        name, equals, host = (part.strip() for part in entry.partition("="))
        if not equals or not host or "*" in host.removeprefix("*."):
            raise _wrong(_HOSTS, entry, "It is not like shop=api.example.com.")
        hosts[host.lower()] = _known(name, dialects, _HOSTS)
    return hosts


def delivery_urls(settings: Settings, dialects: Mapping[str, Spoken]) -> Mapping[str, str]:
    """Return where the results of dialects are fetched that have an address of their own for it.

    Raises:
        SettingsError: the setting is malformed, or names a dialect that is not there.
    """
    urls: dict[str, str] = {}
    for entry in settings.delivery_urls:
        name, _, url = (part.strip() for part in entry.partition("="))
        if not _URL.fullmatch(url):
            raise _wrong(_DELIVERY, entry, "It is not like filagram=https://files.example.com.")
        urls[_known(name, dialects, _DELIVERY)] = url.rstrip("/")
    return urls


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


def _checked(dialect: object, known: Mapping[str, Spoken]) -> Dialect:
    if not isinstance(dialect, Dialect):
        raise TypeError(f"{dialect!r} is no Dialect")
    if dialect.name in known:
        raise ValueError(f"there is a dialect {dialect.name!r} already")
    return dialect

"""Where settings come from: the environment over `filemill.toml` over defaults."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.inspect import VarTupleType, type_info
from msgspec.structs import FieldInfo, fields, replace

from filemill.faults import unknown
from filemill_server.database_url import database_url
from filemill_server.plans.declared import load_plans
from filemill_server.settings.declared import Settings
from filemill_server.settings.wording import bare, notes, wanted
from filemill_server.storage_url import check_url

PREFIX = "FILEMILL_"
FILE = Path("filemill.toml")
"""Read in the working folder, where it exists and no other is named."""
MASK = "***"
_SECRETS = ("secret", "secret_previous")

# What Kubernetes puts into the pods of a namespace that has a service named "filemill".
_SERVICE_LINK = re.compile(r"FILEMILL_(SERVICE_\w+=|PORT_\d+_\w+=|PORT=(tcp|udp|sctp)://)")
# A password may hold slashes, colons and signs of its own: all up to the last "@" is it.
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@")
_IN_QUERY = re.compile(r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&#]*", re.IGNORECASE)


class SettingFault(Struct, frozen=True):
    """A wrong setting: its name as it was given, its value (secrets masked), and what would be right."""

    name: str
    value: str
    detail: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}: {self.detail}" if self.value else f"{self.name}: {self.detail}"


class SettingsError(Exception):
    """Settings that can't be used; `faults` holds every one that is wrong."""

    def __init__(self, faults: list[SettingFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class SettingRow(Struct, frozen=True, kw_only=True):
    """A setting for people: its name in the environment, meaning, default, value and where the value is from."""

    name: str
    meaning: str
    default: str
    value: str
    origin: str


def load_settings(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: the environment. An empty value counts as not given; lists are separated by commas.
        file: a TOML file with the names in small letters; default: `filemill.toml` in the working folder, if it
            exists. Relative paths in it start at its folder.

    Returns:
        The settings; `data_dir` is absolute.

    Raises:
        SettingsError: all that is wrong, at once.
    """
    faults: list[SettingFault] = []
    known = {info.name: info for info in fields(Settings)}
    values: dict[str, Any] = {}
    for name, given in _read_file(file, faults).items():
        if name in known:
            _take(values, faults, known[name], name, given, strict=True)
        else:
            faults.append(SettingFault(name, "", unknown(name, known, "setting")))
    base = (file or FILE).parent
    values = {name: base / value if isinstance(value, Path) else value for name, value in values.items()}
    names = {variable(name): name for name in known}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or not text.strip() or _SERVICE_LINK.match(f"{name}={text}"):
            continue
        if name in names:
            info = known[names[name]]
            given = _split(text) if isinstance(bare(type_info(info.type)), VarTupleType) else text.strip()
            _take(values, faults, info, name, given, strict=False)
        else:
            faults.append(SettingFault(name, "", _unknown_variable(name, names)))
    if faults:
        raise SettingsError(faults)
    settings = Settings(**values)
    # Programs are started in folders of their own, from where a relative path leads elsewhere.
    return replace(settings, data_dir=settings.data_dir.absolute())


def described(settings: Settings, environ: Mapping[str, str], file: Path | None = None) -> list[SettingRow]:
    """Describe every setting, for `filemill config`.

    Args:
        settings: as they were loaded.
        environ: the environment they were loaded from.
        file: the file they were loaded from, as for `load_settings`.
    """
    in_file = _read_file(file, [])
    rows = []
    for info in fields(Settings):
        origin = "file" if info.name in in_file else "default"
        if environ.get(variable(info.name), "").strip():
            origin = "environment"
        rows.append(
            SettingRow(
                name=variable(info.name),
                meaning=str(notes(type_info(info.type))["description"]),
                default=shown(info.name, _default(info)),
                value=shown(info.name, getattr(settings, info.name)),
                origin=origin,
            )
        )
    return rows


def variable(name: str) -> str:
    """Return the name of a setting in the environment."""
    return PREFIX + name.upper()


def shown(name: str, value: object) -> str:
    """Return a setting's value as text, without what is secret in it."""
    if value is None:
        return ""
    if name in _SECRETS:
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ",".join(map(str, value))
    return _IN_QUERY.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1:{MASK}@", str(value)))


def _default(info: FieldInfo) -> object:
    return info.default_factory() if info.default_factory is not msgspec.NODEFAULT else info.default


def _read_file(file: Path | None, faults: list[SettingFault]) -> dict[str, object]:
    try:
        return tomllib.loads((file or FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file is not None:
            faults.append(SettingFault(str(file), "", "There is no such file."))
    except (OSError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
        faults.append(SettingFault(str(file or FILE), "", f"It can't be read as TOML: {error}."))
    return {}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _take(
    values: dict[str, Any], faults: list[SettingFault], info: FieldInfo, name: str, given: object, *, strict: bool
) -> None:
    """Convert and check one value; it goes to the values or to the faults."""
    try:
        value = msgspec.convert(given, info.type, strict=strict, dec_hook=_decode)
    except msgspec.ValidationError:
        faults.append(SettingFault(name, shown(info.name, given), f"It must be {wanted(type_info(info.type))}."))
        return
    try:
        if value is not None and (check := _CHECKS.get(info.name)) is not None:
            check(value)
    except ValueError as error:
        sentence = str(error)
        faults.append(SettingFault(name, shown(info.name, given), f"{sentence[0].upper()}{sentence[1:]}."))
        return
    values[info.name] = value


def _decode(type_: type, value: object) -> object:
    if type_ is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("not a path")


def _check_networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            try:
                right = f"; did you mean {ip_network(network, strict=False)}?"
            except ValueError:
                right = ", such as 10.1.0.0/16 or fd00::/8"
            raise ValueError(f"{network!r} is no network in CIDR form{right}".rstrip("?")) from None


def _unknown_variable(name: str, known: Iterable[str]) -> str:
    # Compared without the prefix, which would make all of them alike.
    plain = [other.removeprefix(PREFIX) for other in known]
    near = get_close_matches(name.removeprefix(PREFIX), plain, n=1)
    hint = f"Did you mean {PREFIX}{near[0]}?" if near else "`filemill config` lists all settings."
    return f"There is no such setting. {hint}"


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "database_url": database_url,
    "storage_url": check_url,
    "source_storage_url": check_url,
    "fetch_allow_networks": _check_networks,
    "plans_file": load_plans,
}

"""Names of entries: what is harmless of them, and why others are refused."""

from __future__ import annotations

import re

MOST_BYTES = 4096
"""Longest path of an entry, bytes: what Linux takes."""
_SHOWN = 80
_DECEIVING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SEPARATORS = re.compile(r"[/\\]")
_SHORT = 1000
"""Letters of a path that can't be too many bytes."""
_DRIVE = re.compile(r"[A-Za-z]:")


class Refused(Exception):  # noqa: N818 - it is what happens to the entry
    """An entry is one that no archive should have; the message goes on after its name."""


def decoded(name: bytes, *, zipped: bool) -> str:
    """Read a name: UTF-8, else what was written before it: code page 437 in ZIP, Latin-1 elsewhere."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437" if zipped else "latin-1")


def cleaned(text: str) -> str:
    """Put `_` for control characters and for marks that turn the direction of writing."""
    return text if text.isprintable() else _DECEIVING.sub("_", text)


def shown(text: str) -> str:
    """Return a name for an error: its beginning, where it is long."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def safe_path(name: str, *, backslashes: bool) -> str:
    """Return a name as a path in the archive: without `.` and empty parts; "" is the archive's own folder.

    Args:
        name: as it stands in the archive.
        backslashes: whether they stand between folders.

    Raises:
        Refused: it leads out of the archive, on any system, or is too long.
    """
    if _is_plain(name):
        return name.removesuffix("/")
    if len(name.encode()) > MOST_BYTES:
        raise Refused(f"has a path of more than {MOST_BYTES} bytes")
    _check_relative(name, "has an absolute path")
    if ".." in _SEPARATORS.split(name):
        raise Refused("has '..' in its path")
    parts = _SEPARATORS.split(name) if backslashes else name.split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def _is_plain(name: str) -> bool:
    """Whether a path is surely harmless, as most are: they are many, and this is quick."""
    return (
        0 < len(name) <= _SHORT
        and name[0] != "/"
        and name[-1] != "."
        and name[1:2] != ":"
        and "\\" not in name
        and "//" not in name
        and "./" not in name
    )


def check_link(path: str, target: str) -> None:
    """Check that a symbolic link stays inside, whatever other links are on its way.

    `..` is taken at its beginning only: after the name of another link it would lead elsewhere than it says.

    Raises:
        Refused: it does not, or may not.
    """
    outside = f"is a link to {shown(target)}, which leads out of the archive or may do so"
    _check_relative(target, outside)
    parts = [part for part in _SEPARATORS.split(target) if part not in ("", ".")]
    ups = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    if not target or ups > path.count("/") or ".." in parts[ups:]:
        raise Refused(outside)


def _check_relative(name: str, reason: str) -> None:
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        raise Refused(reason)

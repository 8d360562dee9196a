"""Names and dictionaries of any bytes: a PDF's names are mostly, and not always, UTF-8.

pikepdf gives such keys with surrogates; they are taken as indexes again, and not in its constructors.
"""

from __future__ import annotations

from collections.abc import Mapping

from pikepdf import Dictionary, Name, Object


def dictionary(content: Mapping[str, object]) -> Dictionary:
    """Make a dictionary of entries whose keys may be any name."""
    made = Dictionary()
    for key, value in content.items():
        made[key] = value
    return made


def key_of(name: bytes) -> str:
    """Return the key, with its slash, that stands for a name's bytes."""
    return "/" + name.decode("utf-8", "surrogateescape")


def bytes_of(key: str) -> bytes:
    """Return a name's bytes, without the slash, that a key stands for."""
    return key[1:].encode("utf-8", "surrogateescape")


def name_of(raw: bytes) -> Name:
    """Return the name of some bytes."""
    made = Object.parse(b"/" + b"".join(b"#%02x" % letter for letter in raw))
    assert isinstance(made, Name)
    return made


def whole_number(value: object) -> int | None:
    """Return an integer; pikepdf gives numbers as Python's own, and types them as objects."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def values_of(holder: Object) -> list[Object]:
    """Return the values of a dictionary."""
    return [holder[key] for key in sorted(holder.keys())]

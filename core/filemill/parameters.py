"""Parameters that come as text: from forms, query strings and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from filemill.errors import Fault
from filemill.faults import members_of, refuse


def read_text(pairs: Iterable[tuple[str, str]], *structs: type[Struct]) -> dict[str, object]:
    """Make plain data of named texts; what a struct wants as object or list is read as JSON.

    Args:
        pairs: names and texts, as they came.
        structs: the structs whose fields the names may be. Unknown names pass, for `convert` to refuse.

    Raises:
        FilemillError: `INVALID_PARAMETER` where a name stands twice or a text is not the JSON it should be.
    """
    shapes = {name: shape for struct in structs for name, shape in _shapes(struct).items()}
    found: dict[str, object] = {}
    faults: list[Fault] = []
    for name, text in pairs:
        if name in found:
            faults.append(Fault(f"/{name}", f"{name!r} is given more than once."))
            continue
        try:
            found[name] = _value(text, shapes.get(name, _TEXT))
        except (msgspec.DecodeError, RecursionError) as error:
            found[name] = text
            faults.append(Fault(f"/{name}", f"{name!r} is not readable as JSON: {error}."))
    if faults:
        raise refuse(faults)
    return found


class _Shape(NamedTuple):
    """Of a parameter: whether it may be an object or a list, and whether it may be a text."""

    structured: bool
    text: bool


_TEXT = _Shape(structured=False, text=True)


@cache
def _shapes(struct: type[Struct]) -> dict[str, _Shape]:
    """The shapes of a struct's fields by their names on the wire; resolving annotations takes long."""
    return {
        info.encode_name: _Shape(any(map(_is_structured, members)), str in members)
        for info in fields(struct)
        for members in (members_of(info.type),)
    }


def _value(text: str, shape: _Shape) -> object:
    if shape.structured and (text.lstrip()[:1] in ("{", "[") or not shape.text):
        return msgspec.json.decode(text)
    return text


def _is_structured(member: Any) -> bool:
    origin = getattr(member, "__origin__", member)
    return origin in (list, dict, tuple) or (isinstance(member, type) and issubclass(member, Struct))

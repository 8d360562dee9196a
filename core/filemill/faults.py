"""All the faults of a request at once, each with its JSON pointer.

msgspec stops at the first fault. Where it refused, the value is looked at once more, field by field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from filemill.errors import ErrorCode, Fault, FilemillError

MAX_FAULTS = 100
"""Faults that one error names; a request may have any number."""
MAX_NAME = 200
"""Characters of a caller's name that an error repeats."""

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$?(?P<path>[^`]*)`)?$", re.DOTALL)


def convert(value: object, type_: Any, pointer: str = "", *, strict: bool = True) -> Any:
    """Convert plain data to a type, as `msgspec.convert`, with every fault in the error.

    Args:
        value: what was decoded from JSON, YAML, a form or a query string.
        type_: any type msgspec knows.
        pointer: JSON pointer of the value in the request.
        strict: whether `"800"` is refused where a number is wanted (JSON) or taken (forms, queries).

    Raises:
        FilemillError: `INVALID_PARAMETER` with all faults. A struct's `__post_init__` may raise one
            itself; its pointers are then taken as relative to the struct.
    """
    try:
        return msgspec.convert(value, type_, strict=strict)
    except (msgspec.ValidationError, FilemillError) as error:
        found = _first(_faults(value, type_, pointer, strict)) or _refusal(error, pointer)
    raise refuse(found)


def refuse(found: list[Fault]) -> FilemillError:
    """Make the one error that names all faults."""
    first = found[0]
    more = f" ({len(found) - 1} more in errors)" if len(found) > 1 else ""
    where = f"{first.pointer}: " if first.pointer else ""
    return FilemillError(ErrorCode.INVALID_PARAMETER, f"{where}{first.detail}{more}", faults=found)


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Say that a name is unknown, with the nearest known one or all of them."""
    names, name = sorted(known), name[:MAX_NAME]
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    if near:
        return f"Unknown {what} {name!r}. Did you mean {near[0]!r}?"
    return f"Unknown {what} {name!r}. Known: {', '.join(names)}." if names else f"Unknown {what} {name!r}."


def _faults(value: object, type_: Any, pointer: str, strict: bool) -> Iterable[Fault]:
    """Yield every fault of a value, the deepest that can be told."""
    same = next((member for member in members_of(type_) if get_origin(member) is type(value)), None)
    if same is not None and isinstance(value, list):
        (item,) = get_args(same)
        for index, element in enumerate(value):
            yield from _converted(element, item, f"{pointer}/{index}", strict)
        return
    if same is not None and isinstance(value, dict):
        _, item = get_args(same)
        for name, element in value.items():
            yield from _converted(element, item, f"{pointer}/{_escape(str(name))}", strict)
        return
    struct = _struct_for(value, type_)
    if isinstance(struct, Fault):
        yield Fault(pointer + struct.pointer, struct.detail)
    elif struct is not None and isinstance(value, dict):
        yield from _struct_faults(value, struct, pointer, strict)


def _struct_faults(value: dict[object, object], struct: type[Struct], pointer: str, strict: bool) -> Iterable[Fault]:
    known = {info.encode_name: info for info in fields(struct)}
    tag = struct.__struct_config__.tag_field
    for name, element in value.items():
        info = known.get(str(name))
        if info is not None:
            yield from _converted(element, info.type, f"{pointer}/{name}", strict)
        elif name != tag:
            yield Fault(f"{pointer}/{_escape(str(name))}", unknown(str(name), known, "parameter"))
    for info in known.values():
        if info.required and info.encode_name not in value:
            yield Fault(f"{pointer}/{info.encode_name}", f"{info.encode_name!r} is missing. {_wants(info)}".strip())


def _converted(value: object, type_: Any, pointer: str, strict: bool) -> Iterable[Fault]:
    try:
        msgspec.convert(value, type_, strict=strict)
    except (msgspec.ValidationError, FilemillError) as error:
        yield from _first(_faults(value, type_, pointer, strict)) or _refusal(error, pointer, type_)


def _first(faults: Iterable[Fault]) -> list[Fault]:
    return list(islice(faults, MAX_FAULTS))


def _refusal(error: msgspec.ValidationError | FilemillError, pointer: str, type_: Any = None) -> list[Fault]:
    if isinstance(error, FilemillError):
        own = error.faults or (Fault("", error.detail),)
        return [Fault(pointer + fault.pointer, fault.detail) for fault in own]
    return [_fault(error, pointer, type_)]


def _fault(error: msgspec.ValidationError, pointer: str, type_: Any = None) -> Fault:
    match = _PATH.match(str(error))
    assert match is not None
    path = re.sub(r"\[(\d+)\]", r"/\1", (match["path"] or "").replace("[...]", "")).replace(".", "/")
    detail = match["what"]
    names = [member.value for enum in _enums(type_) for member in enum]
    if names:
        detail += f". One of: {', '.join(map(str, names))}"
    return Fault(pointer + path, detail.rstrip(".") + ".")


def _wants(info: FieldInfo) -> str:
    for meta in getattr(info.type, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.description:
            return meta.description
    return ""


def _struct_for(value: object, type_: Any) -> type[Struct] | Fault | None:
    """Find the struct that a dict was meant to be: by its tag where there are several."""
    structs = [member for member in members_of(type_) if isinstance(member, type) and issubclass(member, Struct)]
    if not structs or not isinstance(value, dict):
        return None
    tags = {member.__struct_config__.tag: member for member in structs}
    field = structs[0].__struct_config__.tag_field
    if len(structs) == 1 and (field is None or field not in value):
        return structs[0]
    name = value.get(field)
    if not isinstance(name, str):
        return Fault(f"/{field}", f"{field!r} is missing or is not a name. Known: {', '.join(sorted(map(str, tags)))}.")
    return tags.get(name) or Fault(f"/{field}", unknown(name, map(str, tags), "operation"))


def members_of(type_: Any) -> tuple[Any, ...]:
    """Return the members of a union (and of unions in it), bare of annotations; else the type itself."""
    type_ = _bare(type_)
    if get_origin(type_) not in (Union, UnionType):
        return (type_,)
    return tuple(member for one in get_args(type_) for member in members_of(one))


def _enums(type_: Any) -> list[type[Enum]]:
    return [member for member in members_of(type_) if isinstance(member, type) and issubclass(member, Enum)]


def _bare(type_: Any) -> Any:
    return _bare(get_args(type_)[0]) if get_origin(type_) is Annotated else type_


def _escape(name: str) -> str:
    """Escape a name for a JSON pointer (RFC 6901)."""
    return name[:MAX_NAME].replace("~", "~0").replace("/", "~1")

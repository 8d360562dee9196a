"""What would be right for a setting, in words, from its type and bounds."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.inspect import (
    BoolType,
    EnumType,
    FloatType,
    IntType,
    Metadata,
    NoneType,
    StrType,
    Type,
    UnionType,
    VarTupleType,
)


def bare(type_: Type) -> Type:
    """Return a type without annotations and without None."""
    if isinstance(type_, Metadata):
        return bare(type_.type)
    if isinstance(type_, UnionType):
        return next(bare(member) for member in type_.types if not isinstance(bare(member), NoneType))
    return type_


def notes(type_: Type) -> dict[str, object]:
    """Return what stands beside a type for people: `description` and `examples`."""
    if isinstance(type_, UnionType):
        return next(filter(None, map(notes, type_.types)), {})
    return dict(type_.extra_json_schema or {}) if isinstance(type_, Metadata) else {}


def wanted(type_: Type) -> str:
    """Say what would be right, such as "a whole number, at least 1"."""
    plain = bare(type_)
    examples = notes(type_).get("examples")
    example = f"such as {examples[0]}" if isinstance(examples, list) else ""
    return ", ".join(filter(None, [_kind(plain), *_bounds(plain), example]))


def _kind(type_: Type) -> str:
    match type_:
        case IntType():
            return "a whole number"
        case FloatType():
            return "a number"
        case EnumType(cls=cls):
            return f"one of {', '.join(str(member.value) for member in cls)}"
        case VarTupleType(item_type=item):
            return "a list" if isinstance(bare(item), StrType) else f"a list, each {wanted(item)}"
        case BoolType():
            return "true or false"
        case StrType():
            return "a text"
        case _:
            return "a path"


def _bounds(type_: Type) -> Iterator[str]:
    if isinstance(type_, (IntType, FloatType)):
        if type_.ge is not None:
            yield f"at least {type_.ge}"
        if type_.gt is not None:
            yield f"more than {type_.gt}"
        if type_.le is not None:
            yield f"at most {type_.le}"
    if isinstance(type_, StrType) and type_.min_length is not None:
        yield f"at least {type_.min_length} characters"

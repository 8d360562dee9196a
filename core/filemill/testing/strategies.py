"""Hypothesis strategies for an operation's parameters, made from the types of its fields."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from filemill.operation import Operation
from filemill.sources import Source

NEAR = 64
"""How far from the bounds of a number most generated values are: work stays small."""

LETTERS = "abcXYZ019 .,-_/:#%&\"'<>{}\\\t\néßДλ語🦊\u0301\u200b"
"""What generated texts are made of; all of Unicode would take hypothesis seconds to set up."""

Plain = dict[str, Any]


def parameters(operation: type[Operation]) -> st.SearchStrategy[Plain]:
    """Generate steps of an operation as plain data: `{"op": name, …}`.

    Required fields are always there; any of the others may be. Every value is within its field's
    type and bounds, so that only a rule between fields can refuse it. A source names no real file.
    """
    found = inspect.type_info(operation)
    assert isinstance(found, inspect.StructType)
    fields = _fields(found)
    return fields.map(lambda given: {"op": found.tag, **given})


def _fields(struct: inspect.StructType) -> st.SearchStrategy[Plain]:
    required = {field.encode_name: plain(field.type) for field in struct.fields if field.required}
    optional = {field.encode_name: plain(field.type) for field in struct.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


def plain(type_: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901 - one line a type
    """Generate plain data of a type, as `msgspec.inspect` describes it."""
    match type_:
        case inspect.Metadata():
            examples = (type_.extra_json_schema or {}).get("examples", [])
            known = [st.sampled_from(examples)] if examples else []
            return st.one_of(*known, plain(type_.type))
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return _integers(type_)
        case inspect.FloatType():
            return _floats(type_)
        case inspect.StrType():
            return _texts(type_)
        case inspect.EnumType():
            return st.sampled_from([member.value for member in type_.cls])
        case inspect.LiteralType():
            return st.sampled_from(list(type_.values))
        case inspect.UnionType():
            return st.one_of(*(plain(member) for member in type_.types))
        case inspect.ListType() | inspect.SetType() | inspect.VarTupleType():
            most = type_.max_length if type_.max_length is not None else (type_.min_length or 0) + 4
            return st.lists(plain(type_.item_type), min_size=type_.min_length or 0, max_size=most)
        case inspect.TupleType():
            return st.tuples(*map(plain, type_.item_types)).map(list)
        case inspect.DictType():
            return st.dictionaries(plain(type_.key_type), plain(type_.value_type), max_size=4)
        case inspect.StructType() if type_.cls is Source:
            return st.just({"assetId": "sample"})
        case inspect.StructType():
            tag = {} if type_.tag_field is None else {type_.tag_field: type_.tag}
            return _fields(type_).map(lambda given: {**tag, **given})
        case inspect.AnyType():
            return st.none() | st.booleans() | st.integers() | st.text(LETTERS, max_size=8)
    raise TypeError(f"{type_!r} can't be generated: give examples with msgspec.Meta")


def _integers(type_: inspect.IntType) -> st.SearchStrategy[int]:
    low = type_.ge if type_.ge is not None else (type_.gt + 1 if type_.gt is not None else None)
    high = type_.le if type_.le is not None else (type_.lt - 1 if type_.lt is not None else None)
    if type_.multiple_of is not None:
        step = type_.multiple_of
        first = None if low is None else -(-low // step)
        last = None if high is None else high // step
        return _near(first, last).map(lambda number: number * step)
    return _near(low, high)


def _near(low: int | None, high: int | None) -> st.SearchStrategy[int]:
    """Most numbers near the lower bound, the bounds themselves, and any between them."""
    unbounded = 0 if high is None or high >= 0 else high - NEAR
    start = unbounded if low is None else low
    close = st.integers(start, start + NEAR if high is None else min(high, start + NEAR))
    bounds = [bound for bound in (low, high) if bound is not None]
    return st.one_of(close, *([st.sampled_from(bounds)] if bounds else []), st.integers(low, high))


def _floats(type_: inspect.FloatType) -> st.SearchStrategy[float]:
    low = type_.ge if type_.ge is not None else type_.gt
    high = type_.le if type_.le is not None else type_.lt
    return st.floats(
        low,
        high,
        exclude_min=type_.ge is None and type_.gt is not None,
        exclude_max=type_.le is None and type_.lt is not None,
        allow_nan=False,
        allow_infinity=False,
        width=32 if low is None and high is None else 64,
    )


def _texts(type_: inspect.StrType) -> st.SearchStrategy[str]:
    least, most = type_.min_length or 0, type_.max_length
    if type_.pattern is not None:
        pattern = re.compile(type_.pattern)
        letters = st.characters(codec="ascii" if type_.pattern.isascii() else "utf-8")
        found = st.from_regex(pattern, alphabet=letters)
        return found.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))
    return st.text(LETTERS, min_size=least, max_size=min(most, least + 16) if most is not None else least + 16)

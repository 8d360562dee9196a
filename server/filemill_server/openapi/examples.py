"""Example parameters of operations, from the examples that their fields carry."""

from __future__ import annotations

from typing import Any

import msgspec

from filemill.errors import FilemillError
from filemill.registry import Entry
from filemill_server.discovery import JsonSchema
from filemill_server.openapi.schemas import Schemas, without_null

SOURCE = {"url": "https://example.com/other.png"}


def operation_example(entry: Entry, schemas: Schemas) -> dict[str, Any] | None:
    """Return parameters that the operation takes: the required fields, and those with examples that fit.

    None where no such example is good: the fields of the operation should then be given examples.
    """
    schema = schemas.of(entry.operation)
    example = {name: _value(schema["properties"][name], schemas) for name in schema["required"] if name != "op"}
    good = _is_good(example, entry)
    for name, part in schema["properties"].items():
        if name not in example and "examples" in without_null(part):
            longer = example | {name: _value(part, schemas)}
            if _is_good(longer, entry):
                example, good = longer, True
    return example if good else None


def _is_good(example: dict[str, Any], entry: Entry) -> bool:
    try:
        msgspec.convert(example, entry.operation)
    except (msgspec.ValidationError, FilemillError):
        return False
    return True


def _value(schema: JsonSchema, schemas: Schemas) -> object:
    """Return a value of a schema: its first example, or the simplest one."""
    if schemas.is_source(schema):
        return SOURCE
    plain = without_null({**schemas.resolved(schema), **{k: v for k, v in schema.items() if k != "$ref"}})
    if "anyOf" in plain and "examples" not in plain:
        return _value(plain["anyOf"][0], schemas)
    for member in ("examples", "enum"):
        if plain.get(member):
            return plain[member][0]
    if "default" in plain:
        return plain["default"]
    simplest: dict[str, object] = {
        "string": "text",
        "boolean": True,
        "array": [_value(plain["items"], schemas)] * plain.get("minItems", 1) if "items" in plain else [],
        "object": {name: _value(plain["properties"][name], schemas) for name in plain.get("required", ())},
    }
    kind = str(plain.get("type"))
    if kind in ("integer", "number"):
        return plain.get("minimum", 1)
    return simplest.get(kind)

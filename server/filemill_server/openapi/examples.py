"""Example parameters of operations, from the examples that their fields carry."""

from __future__ import annotations

from typing import Any

import msgspec

from filemill.registry import Entry
from filemill_server.discovery import JsonSchema
from filemill_server.openapi.schemas import Schemas, without_null

SOURCE = {"url": "https://example.com/other.png"}


def operation_example(entry: Entry, schemas: Schemas) -> dict[str, Any] | None:
    """Return parameters that the operation takes: every field with an example, and every required one.

    None where no such example is valid; a test of the operation should then give its fields examples.
    """
    schema = schemas.of(entry.operation)
    required = [name for name in schema["required"] if name != "op"]
    shown = [name for name, part in schema["properties"].items() if "examples" in without_null(part)]
    for names in (dict.fromkeys([*required, *shown]), required):
        example = {name: _value(schema["properties"][name], schemas) for name in names}
        try:
            msgspec.convert(example, entry.operation)
        except msgspec.ValidationError:
            continue
        return example
    return None


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

"""A JSON Schema's properties as rows for people: name, type, default, meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

Schema = dict[str, Any]


class ParameterRow(Struct, frozen=True):
    """One parameter: `type` says what it takes and its bounds, `default` is JSON text, "" where there is none."""

    name: str
    type: str
    required: bool
    default: str
    meaning: str


def parameter_rows(schema: Schema) -> list[ParameterRow]:
    """Describe the properties of an object's schema, required ones first."""
    definitions: dict[str, Schema] = schema.get("$defs", {})
    required = schema.get("required", [])
    rows = [
        ParameterRow(
            name,
            " or ".join(_types(part, definitions)),
            name in required,
            json.dumps(part["default"]) if part.get("default") is not None else "",
            _meaning(part, definitions),
        )
        for name, part in schema["properties"].items()
    ]
    return sorted(rows, key=lambda row: not row.required)


def _types(part: Schema, definitions: dict[str, Schema]) -> Iterator[str]:
    """Name the types a value may have; null is left out, as it means that nothing is given."""
    if "anyOf" in part:
        for alternative in part["anyOf"]:
            yield from _types(alternative, definitions)
    elif "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        yield from _types({"title": name, **definitions[name]}, definitions)
    elif "enum" in part:
        yield ", ".join(str(value) for value in part["enum"] if value is not None)
    elif part.get("type") == "array":
        yield f"list of {' or '.join(_types(part.get('items', {}), definitions)) or 'values'}"
    elif part.get("type") == "object":
        yield f"object {part['title']}" if "title" in part else "object"
    elif part.get("type") != "null":
        yield f"{part.get('type', 'any value')}{_bounds(part)}"


def _bounds(part: Schema) -> str:
    low = _bound(part, "minimum", "exclusiveMinimum", ">")
    high = _bound(part, "maximum", "exclusiveMaximum", "<")
    if low and high:
        return f" {low}…{high}"
    return f" {low}…" if low else f" …{high}" if high else ""


def _bound(part: Schema, inclusive: str, exclusive: str, sign: str) -> str:
    if inclusive in part:
        return f"{part[inclusive]:g}" if isinstance(part[inclusive], float) else str(part[inclusive])
    return f"{sign}{part[exclusive]}" if exclusive in part else ""


def _meaning(part: Schema, definitions: dict[str, Schema]) -> str:
    """Find the description: of the property itself, else of what it is made of."""
    if "description" in part:
        return str(part["description"])
    for alternative in part.get("anyOf", ()):
        if meaning := _meaning(alternative, definitions):
            return meaning
    if "$ref" in part:
        return str(definitions[part["$ref"].rpartition("/")[2]].get("description", ""))
    return ""

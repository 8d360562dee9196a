"""The pages of operations and formats, from the registry."""

from __future__ import annotations

from filemill.registry import Registry
from filemill_server.discovery import OperationBody, formats_body, operations_body
from filemill_server.handbook.markdown import code, table
from filemill_server.parameter_rows import ParameterRow, Schema, parameter_rows

_COMMON = ("format", "quality")


def operations_page(registry: Registry) -> str:
    """Return the page of all operations with their parameters."""
    operations = operations_body(registry).operations
    intro = (
        "# Operations\n\n"
        "Each is an endpoint, `POST /v1/{operation}`, a step of `POST /v1/process` and of packs, and a step on the"
        " command line. A running server lists its own, those of other plugins too, at `GET /v1/operations`.\n\n"
        "An operation that gives a picture also takes `format`, a name or an object of the settings under"
        " [Encoding](#encoding), and `quality`, from 1 to 100: they are for the one encode at the end.\n\n"
    )
    rows = [[f"[`{one.name}`](#{one.name})", one.summary] for one in operations]
    return "".join(
        [intro, table(["Operation", "What it does"], rows), *map(_section, operations), _encoding(operations)]
    )


def formats_page(registry: Registry) -> str:
    """Return the page of all formats."""
    body = formats_body(registry)
    rows = [
        [
            code(form.name),
            form.title,
            form.kind,
            "yes" if form.reads else "no",
            "yes" if form.writes else "no",
            ", ".join(form.media_types),
            ", ".join(form.extensions),
        ]
        for form in body.formats
    ]
    return (
        "# Formats\n\n"
        "A file's format is found by its content; its name and its `Content-Type` are not believed. `GET /v1/formats`"
        " lists those of a running server, with the conversions that are possible.\n\n"
        + table(["Name", "Format", "Kind", "Read", "Written", "Media types", "Extensions"], rows)
    )


def _section(one: OperationBody) -> str:
    takes = f"{'many of ' if one.many_in else ''}{' or '.join(one.accepts)}"
    gives = f"{'many of ' if one.many_out else ''}{one.returns}"
    parts = [
        f"\n## {one.name}\n\n{one.summary}\n",
        f"\n{one.description}\n" if one.description else "",
        f"\nTakes {takes}, gives {gives}.\n",
    ]
    rows = [row for row in parameter_rows(one.schema) if row.name not in _COMMON or one.returns != "picture"]
    return "".join(parts) + (f"\n{_parameters(rows)}" if rows else "\nIt has no parameters of its own.\n")


def _encoding(operations: list[OperationBody]) -> str:
    """Describe the object that `format` may be."""
    schema: Schema = next(one.schema for one in operations if "Encoding" in one.schema.get("$defs", {}))
    rows = parameter_rows({**schema["$defs"]["Encoding"], "$defs": schema["$defs"]})
    return f"\n## Encoding\n\nThe settings of `format`, where it is an object.\n\n{_parameters(rows)}"


def _parameters(rows: list[ParameterRow]) -> str:
    return table(
        ["Parameter", "Takes", "Default", "Meaning"],
        [[code(row.name), row.type, "required" if row.required else code(row.default), row.meaning] for row in rows],
    )

"""What this server can do: the bodies of `GET /v1/operations`, `/v1/formats` and `/v1/packs`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field, to_builtins

from filemill.convert import Convert
from filemill.errors import ErrorCode, FilemillError
from filemill.faults import unknown
from filemill.formats import Format
from filemill.graph import Path
from filemill.operation import Operation, PictureOperation
from filemill.picture import Picture
from filemill.presets import Pack
from filemill.registry import CORE, Entry, Registry
from filemill_server.packs import Packs

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SHARED = ("format", "quality", "source", "sources", "steps", "packs", "output", "metadata")

JsonSchema = dict[str, Any]
Kind = Annotated[str, Meta(description="`picture`, `document`, `text`, `data`, `file` (any), or a plugin's own.")]


class PluginBody(Struct, frozen=True, kw_only=True):
    """The plugin that brings a thing: the name of its entry point and the version of its distribution."""

    name: str
    version: str
    distribution: str


class PluginFailureBody(Struct, frozen=True, kw_only=True):
    """An installed plugin that was left out, and why."""

    name: str
    version: str
    distribution: str
    reason: str


class OperationBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """An operation: what it takes and gives, its parameters as JSON Schema, whether it can run here."""

    name: str
    title: str
    summary: str
    description: str
    accepts: list[Kind]
    returns: Kind
    many_in: Annotated[bool, Meta(description="Takes many inputs and makes one of them.")]
    many_out: Annotated[bool, Meta(description="Makes many results of one input.")]
    schema: Annotated[JsonSchema, Meta(description="JSON Schema 2020-12 of the parameters.")]
    plugin: PluginBody
    available: bool
    reason: Annotated[str, Meta(description="Why it is not available.")] | None
    hint: Annotated[str, Meta(description="What to install to make it available.")] | None


class OperationList(Struct, frozen=True, kw_only=True):
    """Every operation, by name, and the plugins that could not be loaded."""

    operations: list[OperationBody]
    failures: list[PluginFailureBody]


class FormatBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A file format: the first media type and extension are those of results."""

    name: str
    title: str
    kind: Kind
    media_types: list[str]
    extensions: list[str]
    reads: bool
    writes: bool
    plugin: str


class Conversion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of format `from` can be made into one of format `to`, by way of the formats of `path`."""

    from_: str = field(name="from")
    to: str
    path: Annotated[list[str], Meta(description="The formats on the way, both ends included.")]
    engines: Annotated[list[str], Meta(description="What does each step of the way, such as `libvips`.")]
    lossy: Annotated[bool, Meta(description="Something is lost on the way.")] = False


class MissingConversion(Conversion, frozen=True, kw_only=True):
    """A conversion that needs what is not installed on the server."""

    reason: str
    hint: str


class FormatList(Struct, frozen=True, kw_only=True):
    """Every format, by name, the conversions that are possible now, and those that miss a program."""

    formats: list[FormatBody]
    conversions: list[Conversion]
    missing: list[MissingConversion]


class PackBody(Struct, frozen=True, kw_only=True):
    """A named pipeline; `width` and `height` are those of its results, pixels."""

    id: str
    title: str
    platform: str | None
    width: int | None
    height: int | None
    steps: list[dict[str, Any]]


class PackFault(Struct, frozen=True, kw_only=True):
    """What is wrong in a preset file, and where: line and column count from 1."""

    file: str
    line: int
    column: int
    detail: str


class PackList(Struct, frozen=True, kw_only=True):
    """Every pack, by id, and what is wrong in preset files that can't be used as they are."""

    packs: list[PackBody]
    faults: list[PackFault]


def operations_body(registry: Registry) -> OperationList:
    """Describe every operation and every plugin that failed."""
    return OperationList(
        operations=[_operation(entry, registry) for _, entry in sorted(registry.operations.items())],
        failures=[
            PluginFailureBody(
                name=failure.plugin.name,
                version=failure.plugin.version,
                distribution=failure.plugin.distribution,
                reason=failure.reason,
            )
            for failure in registry.failures
        ],
    )


def operation_body(registry: Registry, name: str) -> OperationBody:
    """Describe one operation.

    Raises:
        FilemillError: `NOT_FOUND` with the nearest name.
    """
    if (entry := registry.operations.get(name)) is None:
        raise FilemillError(ErrorCode.NOT_FOUND, unknown(name, registry.operations, "operation"))
    return _operation(entry, registry)


def formats_body(registry: Registry) -> FormatList:
    """Describe every format, and every path of the graph between them."""
    paths = [
        path for _, targets in sorted(registry.conversions.all_paths.items()) for _, path in sorted(targets.items())
    ]
    return FormatList(
        formats=[_format(form, registry) for form in sorted(registry.formats, key=lambda form: form.name)],
        conversions=[Conversion(**_way(path)) for path in paths if not path.missing],
        missing=[
            MissingConversion(
                **_way(path),
                reason=" ".join(missing.reason for missing in path.missing),
                hint=" ".join(missing.hint for missing in path.missing),
            )
            for path in paths
            if path.missing
        ],
    )


def format_named(registry: Registry, name: str) -> str:
    """Return a format's name by any of its names.

    Raises:
        FilemillError: `NOT_FOUND` with the nearest name.
    """
    if (form := registry.formats.find(name)) is None:
        raise FilemillError(ErrorCode.NOT_FOUND, unknown(name, (known.name for known in registry.formats), "format"))
    return form.name


def conversions_of(body: FormatList, name: str) -> tuple[list[Conversion], list[Conversion]]:
    """Return what a format becomes, and what becomes it, the missing ones too."""
    every = [*body.conversions, *body.missing]
    return [one for one in every if one.from_ == name], [one for one in every if one.to == name]


def _way(path: Path) -> dict[str, Any]:
    return {
        "from_": path.source,
        "to": path.target,
        "path": path.formats,
        "engines": [edge.engine for edge in path.edges],
        "lossy": path.lossy,
    }


def packs_body(packs: Packs) -> PackList:
    """Describe every pack and every fault; of a file only its name is told, not its folder."""
    return PackList(
        packs=[pack_body(pack) for pack in packs.packs.values()],
        faults=[
            PackFault(file=PurePath(at.file).name, line=at.line, column=at.column, detail=at.detail)
            for at in packs.faults
        ],
    )


def pack_body(pack: Pack) -> PackBody:
    """Describe one pack."""
    return PackBody(
        id=pack.id,
        title=pack.title,
        platform=pack.platform,
        width=pack.width,
        height=pack.height,
        steps=[to_builtins(step) for step in pack.steps],
    )


def kind_name(kind: type) -> str:
    """Return a kind's name on the wire, such as `picture`."""
    return kind.__name__.lower()


def parameters_schema(operation: type[Operation], registry: Registry) -> JsonSchema:
    """Return the JSON Schema of an operation's parameters: self-contained, without the tag `op`."""
    return copy.deepcopy(_parameters_schema(operation, *(tuple(names) for names in format_names(registry, operation))))


def format_names(registry: Registry, operation: type[Operation]) -> tuple[list[str], list[str]]:
    """Return what `format` may be as a name, and what its `type` may be where it is an object."""
    written = sorted(form.name for form in registry.formats.written(Picture))
    return (sorted({*written, *registry.conversions.targets}) if operation is Convert else written), written


@cache
def _parameters_schema(operation: type[Operation], named: tuple[str, ...], written: tuple[str, ...]) -> JsonSchema:
    """Make the schema; `named` are the formats that can be asked for, `written` those that pictures are saved as."""
    whole = msgspec.json.schema(operation)
    definitions: dict[str, JsonSchema] = whole["$defs"]
    schema = definitions.pop(whole["$ref"].rpartition("/")[2])
    del schema["properties"]["op"]
    schema["required"].remove("op")
    if issubclass(operation, PictureOperation):
        name_formats(schema["properties"]["format"], named)
        if "Encoding" in definitions:
            name_formats(definitions["Encoding"]["properties"]["type"], written)
    schema["properties"] = own_first(schema["properties"])
    return {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}


def own_first(properties: dict[str, JsonSchema]) -> dict[str, JsonSchema]:
    """Put an operation's own parameters before those that all operations have: people read from the top."""
    return dict(sorted(properties.items(), key=lambda item: _SHARED.index(item[0]) if item[0] in _SHARED else -1))


def name_formats(schema: JsonSchema, names: Sequence[str]) -> None:
    """Write the names of formats into the schema of a parameter that takes one."""
    if schema.get("type") == "string" and names:
        schema["enum"] = list(names)
    for alternative in schema.get("anyOf", ()):
        name_formats(alternative, names)


def _operation(entry: Entry, registry: Registry) -> OperationBody:
    shape, plugin, missing = entry.shape, entry.plugin, entry.missing
    return OperationBody(
        name=entry.name,
        title=entry.title,
        summary=entry.summary,
        description=entry.description,
        accepts=[kind_name(kind) for kind in shape.accepts],
        returns=kind_name(shape.returns),
        many_in=shape.many_in,
        many_out=shape.many_out,
        schema=parameters_schema(entry.operation, registry),
        plugin=PluginBody(name=plugin.name, version=plugin.version, distribution=plugin.distribution),
        available=missing is None,
        reason=missing.reason if missing else None,
        hint=missing.hint if missing else None,
    )


def _format(form: Format, registry: Registry) -> FormatBody:
    plugin = registry.format_plugins.get(form.name)
    return FormatBody(
        name=form.name,
        title=form.title,
        kind=kind_name(form.kind),
        media_types=list(form.media_types),
        extensions=list(form.extensions),
        reads=form.open is not None,
        writes=form.save is not None or registry.conversions.makes(form.name),
        plugin=plugin.name if plugin else CORE,
    )

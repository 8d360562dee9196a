"""The schemas of the document: every body of the API and every registered operation, made by msgspec."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from filemill.encoding import Encoding
from filemill.errors import ErrorCode
from filemill.operation import PictureOperation
from filemill.registry import Registry
from filemill.sources import Source
from filemill_server import discovery, messages
from filemill_server.discovery import JsonSchema, format_names, name_formats, own_first
from filemill_server.jobs import views
from filemill_server.packs import Packs
from filemill_server.plans import views as plans
from filemill_server.webhooks import views as webhooks

REF = "#/components/schemas/"
ONE_WORK: tuple[JsonSchema, ...] = tuple(
    {"required": [name], "properties": {name: {"type": "array"}}} for name in ("steps", "packs")
)
"""What a batch does: exactly one of both."""

BODIES: tuple[type[Struct], ...] = (
    Source,
    messages.OutputOptions,
    messages.PackRequest,
    messages.PacksRequest,
    messages.CopyRequest,
    messages.Result,
    messages.ManyResult,
    messages.PacksResult,
    messages.UploadBody,
    messages.AssetBody,
    messages.AssetList,
    views.JobBody,
    views.JobList,
    views.PartBody,
    views.PartList,
    messages.BatchSource,
    messages.BatchResult,
    plans.UsageBody,
    plans.KeyRequest,
    plans.NewKeyBody,
    plans.KeyList,
    plans.DomainList,
    webhooks.WebhookSecretBody,
    webhooks.DisabledEndpointList,
    messages.ProblemBody,
    messages.HealthBody,
    discovery.OperationList,
    discovery.OperationBody,
    discovery.FormatList,
    discovery.PackList,
    discovery.PackBody,
)


class Schemas:
    """All component schemas, and where each type's is.

    Attributes:
        components: the schemas by name.
        registry: the operations and formats they were made of.
    """

    def __init__(self, registry: Registry, packs: Packs) -> None:
        self.registry = registry
        entries = list(registry.operations.values())
        requests = [messages.operation_request(entry) for entry in entries]
        self._process = messages.process_request(registry)
        self._batch = messages.batch_request(registry)
        types: list[Any] = [
            *BODIES,
            Encoding,
            self._process,
            self._batch,
            *requests,
            *(entry.operation for entry in entries),
        ]
        refs, components = msgspec.json.schema_components(types, ref_template=REF + "{name}")
        self._names = dict(zip(types, (_name(ref) for ref in refs), strict=True))
        self.components: dict[str, JsonSchema] = _with_safe_names(components)
        self._refine(packs)

    def ref(self, type_: type) -> JsonSchema:
        """Return a reference to a type's schema."""
        return {"$ref": REF + self._names[type_]}

    def of(self, type_: type) -> JsonSchema:
        """Return a type's own schema; a change to it is a change to the document."""
        return self.components[self._names[type_]]

    def process_ref(self) -> JsonSchema:
        """Return a reference to the request of `POST /v1/process`."""
        return self.ref(self._process)

    def process(self) -> JsonSchema:
        """Return the schema of the request of `POST /v1/process`."""
        return self.of(self._process)

    def batch_ref(self) -> JsonSchema:
        """Return a reference to the request of `POST /v1/batches`."""
        return self.ref(self._batch)

    def resolved(self, schema: JsonSchema) -> JsonSchema:
        """Follow a reference."""
        return self.components[_name(schema)] if "$ref" in schema else schema

    def is_source(self, schema: JsonSchema) -> bool:
        """Whether a schema is that of a source."""
        return bool(schema.get("$ref") == self.ref(Source)["$ref"])

    def _refine(self, packs: Packs) -> None:
        """Say what structs check but can't say: sources, formats, packs, codes, the discriminator."""
        self._refine_requests()
        self._refine_formats()
        self._refine_source(self.of(Source))
        if packs.packs:
            self.of(messages.PacksRequest)["properties"]["packs"]["items"]["enum"] = list(packs.packs)
        self.of(messages.ProblemBody)["properties"]["code"]["enum"] = [code.name for code in ErrorCode]
        self._refine_jobs()
        steps = self.process()["properties"]["steps"]["items"]
        if "anyOf" in steps:
            steps["oneOf"] = steps.pop("anyOf")
        elif "$ref" not in steps:
            steps.update({"type": "object", "not": {}})  # nothing is registered
        self.components["Step"] = steps
        self.process()["properties"]["steps"]["items"] = {"$ref": REF + "Step"}
        self._refine_batch(packs)

    def _refine_batch(self, packs: Packs) -> None:
        schema = self.of(self._batch)
        sources, steps, names = (schema["properties"][name] for name in ("sources", "steps", "packs"))
        schema["properties"]["sources"] = without_null(sources)
        steps["anyOf"][0]["items"] = {"$ref": REF + "Step"}
        if packs.packs:
            names["anyOf"][0]["items"]["enum"] = list(packs.packs)
        schema["required"] = ["sources"]
        schema["oneOf"] = list(ONE_WORK)

    def _refine_jobs(self) -> None:
        results = [self.ref(body) for body in (messages.Result, messages.ManyResult, messages.PacksResult)]
        problem = self.ref(messages.ProblemBody)
        for type_ in (views.JobBody, views.PartBody):
            job = self.of(type_)["properties"]
            job["error"] |= problem
            job["result"]["anyOf"] = [*results, self.ref(messages.BatchResult)] if type_ is views.JobBody else results
        source = self.of(messages.BatchSource)["properties"]
        source["error"] |= problem
        source["result"]["anyOf"] = results

    def _refine_requests(self) -> None:
        for type_ in self._names:
            if not issubclass(type_, messages.Request) or type_ is self._batch:
                continue
            schema = self.of(type_)
            schema["properties"] = own_first(schema["properties"])
            single = {"required": ["source"], "properties": {"source": self.ref(Source)}}
            if issubclass(type_, messages.InputRequest):
                several = {"required": ["sources"], "properties": {"sources": {"type": "array"}}}
                schema["oneOf"] = [single, several]
            else:
                schema["properties"]["source"] = self.ref(Source)
                schema["required"] = ["source", *schema["required"]]

    def _refine_formats(self) -> None:
        for entry in self.registry.operations.values():
            if issubclass(entry.operation, PictureOperation):
                named, written = format_names(self.registry, entry.operation)
                name_formats(self.of(Encoding)["properties"]["type"], written)
                for type_ in (entry.operation, messages.operation_request(entry)):
                    name_formats(self.of(type_)["properties"]["format"], named)

    def _refine_source(self, schema: JsonSchema) -> None:
        names = ("url", "uploadId", "assetId", "storageKey", "base64")
        schema["oneOf"] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]
        schema["if"] = {"required": ["headers"], "properties": {"headers": {"type": "object"}}}
        schema["then"] = {"required": ["url"], "properties": {"url": {"type": "string"}}}


def without_null(schema: JsonSchema) -> JsonSchema:
    """Return a schema without its alternative `null`, for places where only text can stand."""
    if "anyOf" not in schema:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    kept = [alternative for alternative in schema["anyOf"] if alternative != {"type": "null"}]
    return {**kept[0], **rest} if len(kept) == 1 else {**rest, "anyOf": kept}


def _name(ref: JsonSchema) -> str:
    return _safe(str(ref["$ref"]).removeprefix(REF))


def _safe(name: str) -> str:
    """Make a component name that the specification allows; classes inside functions have signs it does not."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def _with_safe_names(components: dict[str, JsonSchema]) -> dict[str, JsonSchema]:
    for schema in components.values():
        for node in _nodes(schema):
            if "$ref" in node:
                node["$ref"] = REF + _name(node)
            for tag, ref in node.get("discriminator", {}).get("mapping", {}).items():
                node["discriminator"]["mapping"][tag] = REF + _name({"$ref": ref})
    return {_safe(name): schema for name, schema in sorted(components.items())}


def _nodes(value: Any) -> Iterable[JsonSchema]:
    if isinstance(value, dict):
        yield value
        for below in list(value.values()):
            yield from _nodes(below)
    elif isinstance(value, list):
        for below in value:
            yield from _nodes(below)

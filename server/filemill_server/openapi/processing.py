"""The paths that process: one an operation, pipelines and packs, each with its three body forms (NA-23)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import to_builtins

from filemill.errors import ErrorCode
from filemill.formats import Format
from filemill.kinds import Data, File
from filemill.registry import Entry
from filemill_server.messages import (
    ManyResult,
    PackRequest,
    PacksRequest,
    PacksResult,
    Result,
    operation_request,
)
from filemill_server.openapi.examples import operation_example
from filemill_server.openapi.jobs import accepted_job
from filemill_server.openapi.responses import BINARY, LIMITS, Json, Responses
from filemill_server.openapi.schemas import Schemas, without_null
from filemill_server.packs import Packs

OCTETS = "application/octet-stream"
EXAMPLE_SOURCE: Json = {"source": {"url": "https://example.com/photo.jpg"}}
CODES = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.SOURCE_FORBIDDEN,
    ErrorCode.FORBIDDEN,
    ErrorCode.NOT_FOUND,
    ErrorCode.CONFLICT,
    ErrorCode.FILE_TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA,
    ErrorCode.INVALID_PARAMETER,
    ErrorCode.INVALID_FILE,
    ErrorCode.SOURCE_UNREACHABLE,
    ErrorCode.TARGET_UNREACHABLE,
    ErrorCode.RATE_LIMITED,
    ErrorCode.OPERATION_UNAVAILABLE,
    ErrorCode.OVERLOADED,
    ErrorCode.DEADLINE_EXCEEDED,
)


class Processing:
    """Makes the processing paths."""

    def __init__(self, schemas: Schemas, responses: Responses) -> None:
        self._schemas = schemas
        self._responses = responses
        self._registry = schemas.registry

    def operation(self, entry: Entry) -> Json:
        """`POST /v1/{operation}`."""
        shape = entry.shape
        description = entry.description
        if entry.missing is not None:
            description = f"**Not available here**: {entry.missing.reason} {entry.missing.hint}\n\n{description}"
        example = operation_example(entry, self._schemas)
        return {
            "operationId": entry.name,
            "tags": [operation_tag(entry)],
            "summary": entry.summary,
            "description": description,
            **self._process(
                self._schemas.ref(operation_request(entry)),
                EXAMPLE_SOURCE | example if example is not None else None,
                self._media_types(shape.accepts),
                self._results(shape.returns, [Result, ManyResult]),
            ),
        }

    def pipeline(self, packs: Packs) -> Json:
        """`POST /v1/process`; its example is the pipeline of a pack, where there is one."""
        steps = next((to_builtins(pack.steps) for pack in packs.packs.values()), None)
        return {
            "operationId": "runProcess",
            "tags": ["Pipelines"],
            "summary": "Run a pipeline: several operations, one decode, one encode.",
            "description": "The whole chain is checked before anything is fetched or decoded.",
            **self._process(
                self._schemas.process_ref(),
                EXAMPLE_SOURCE | {"steps": steps} if steps else None,
                self._media_types([File]),
                self._results(File, [Result, ManyResult]),
            ),
        }

    def pack(self, pack_id: Json) -> Json:
        """`POST /v1/packs/{packId}`."""
        made = self._process(
            self._schemas.ref(PackRequest),
            EXAMPLE_SOURCE,
            self._media_types([File]),
            self._results(File, [Result, ManyResult]),
        )
        made["parameters"] = [pack_id, *made["parameters"]]
        return {"operationId": "runPack", "tags": ["Packs"], "summary": "Run a pack on a file.", **made}

    def packs(self, ids: Sequence[str]) -> Json:
        """`POST /v1/packs`."""
        return {
            "operationId": "runPacks",
            "tags": ["Packs"],
            "summary": "Run many packs on one file, from one decode.",
            "description": "One result a pack, in the order asked for; as bytes they are one ZIP.",
            **self._process(
                self._schemas.ref(PacksRequest),
                EXAMPLE_SOURCE | {"packs": list(ids[:2])} if ids else None,
                self._media_types([File]),
                self._results(File, [PacksResult]),
            ),
        }

    def _process(self, request: Json, example: Json | None, media_types: Iterable[str], content: Json) -> Json:
        schema = self._schemas.resolved(request)
        parameters = {name: part for name, part in schema["properties"].items() if name not in ("source", "sources")}
        answer = self._responses.content(
            "The result as JSON; or its bytes, where `Accept` prefers a type that is not JSON.",
            content,
            *("Vary", "X-Asset-Id", "ETag", "Content-Disposition", "Idempotency-Replayed", *LIMITS),
        )
        return {
            "parameters": [
                {"$ref": "#/components/parameters/IdempotencyKey"},
                {"$ref": "#/components/parameters/ContentDigest"},
                {"$ref": "#/components/parameters/Prefer"},
                {"$ref": "#/components/parameters/Priority"},
                *(self._query(name, part) for name, part in parameters.items()),
            ],
            "requestBody": {
                "required": True,
                "description": "JSON that says where the file is; a form with the file; or the file itself, with"
                " the parameters in the query.",
                "content": {
                    "application/json": {"schema": request, **({"example": example} if example else {})},
                    "multipart/form-data": self.form(schema, parameters),
                    **{media_type: {"schema": BINARY} for media_type in media_types},
                },
            },
            "responses": {"200": answer, "202": accepted_job(self._responses), **self._responses.problems(CODES)},
        }

    def _query(self, name: str, schema: Json) -> Json:
        """A parameter in the query, for raw bodies: text, or JSON where it is structured."""
        plain = without_null(schema)
        about = {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"{_described(plain)} (For a body that is the file itself.)".strip(),
        }
        if self._is_structured(plain):
            return {**about, "content": {"application/json": {"schema": plain}}}
        if "anyOf" in plain:
            alternatives = [self._as_text(alternative) for alternative in plain["anyOf"]]
            plain = {**plain, "anyOf": alternatives}
        return {**about, "schema": plain}

    def form(self, schema: Json, parameters: dict[str, Json]) -> Json:
        """Make a form: file parts, and the parameters as text parts or as JSON where they are structured."""
        several = "sources" in schema["properties"]
        files: dict[str, Json] = {"file": {**BINARY, "description": "The file."}}
        if several:
            files["files"] = {"type": "array", "minItems": 1, "items": BINARY, "description": "Several, in order."}
        properties = {name: self._part(part) for name, part in parameters.items()}
        required = [name for name in schema["required"] if name not in ("source", "sources")]
        form: Json = {"type": "object", "properties": {**files, **properties}, "additionalProperties": False}
        if several:
            form |= {"required": required, "anyOf": [{"required": ["file"]}, {"required": ["files"]}]}
        else:
            form["required"] = ["file", *required]
        encoding = {
            name: {"contentType": "application/json"}
            for name, part in properties.items()
            if self._is_structured(part) and part.get("format") != "binary"
        }
        return {"schema": form, **({"encoding": encoding} if encoding else {})}

    def _part(self, schema: Json) -> Json:
        plain = without_null(schema)
        if self._schemas.is_source(plain):
            return {**BINARY, "description": f"{_described(plain)} As a file, or as JSON.".strip()}
        return plain

    def _is_structured(self, schema: Json) -> bool:
        """Whether a value can only be given as JSON."""
        alternatives = schema.get("anyOf", [schema])
        return all(self._schemas.resolved(part).get("type") in ("object", "array") for part in alternatives)

    def _as_text(self, schema: Json) -> Json:
        """An object among texts: JSON in a string."""
        if not self._is_structured(schema):
            return schema
        return {
            "type": "string",
            "pattern": r"^\{",
            "contentMediaType": "application/json",
            "contentSchema": schema,
        }

    def _results(self, returns: type, bodies: Sequence[type]) -> Json:
        refs = [self._schemas.ref(body) for body in bodies]
        if issubclass(Data, returns) or returns is File:
            refs.append({"type": "object", "description": "The data itself, where `Accept` prefers a file's bytes."})
        formats: list[Format] = self._registry.formats.written(returns)
        if returns is File:
            possible = self._registry.conversions.targets
            formats = [form for form in self._registry.formats if form.save is not None or form.name in possible]
        media_types = [form.media_type for form in formats if form.media_type != "application/json"]
        return {
            "application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}},
            **{media: {"schema": BINARY} for media in dict.fromkeys([*media_types, "application/zip", OCTETS])},
        }

    def _media_types(self, kinds: Iterable[type]) -> list[str]:
        """The media types of the formats that can be opened as one of these kinds."""
        wanted = tuple(kinds)
        readable = [
            form.media_type
            for form in self._registry.formats
            if form.open is not None and (File in wanted or issubclass(form.kind, wanted))
        ]
        return [*sorted({*readable} - {"application/json"}), OCTETS]


def operation_tag(entry: Entry) -> str:
    """The tag that an operation stands under: one a plugin."""
    return f"Operations: {entry.plugin.name}"


def _described(schema: Json) -> str:
    return str(schema.get("description", ""))

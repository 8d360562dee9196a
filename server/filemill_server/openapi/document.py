"""Puts the document together, and keeps it as bytes while nothing it is made of changes."""

from __future__ import annotations

from importlib.metadata import version as version_of
from weakref import WeakKeyDictionary

import msgspec

from filemill.errors import ErrorCode
from filemill.registry import CORE, Registry
from filemill_server.discovery import FormatList, OperationBody, OperationList, PackBody, PackList
from filemill_server.messages import HealthBody
from filemill_server.openapi.batches import batch_paths
from filemill_server.openapi.jobs import job_paths
from filemill_server.openapi.keys import key_paths
from filemill_server.openapi.processing import Processing, operation_tag
from filemill_server.openapi.responses import HEADERS, Json, Responses
from filemill_server.openapi.schemas import Schemas
from filemill_server.openapi.storage import path_id, storage_paths
from filemill_server.openapi.webhooks import webhook_paths
from filemill_server.packs import Packs

OPEN: list[Json] = []
"""The security of a path that needs no key (NA-02)."""

_ABOUT = """\
Send a file, name what should be done to it, get a link to the result, or the result itself.

Every processing path takes three forms of body: JSON that says where the file is, a form with the file, or the
file itself with the parameters in the query. Failures are problem details (RFC 9457) with a stable `code`.
"""
_KEY_HINT = "A key of `filemill keys create`."

_kept: WeakKeyDictionary[Packs, tuple[int, str | None, bytes]] = WeakKeyDictionary()


def document_bytes(registry: Registry, packs: Packs, *, public_url: str | None = None) -> bytes:
    """Return the document as JSON; made again only when the packs have changed."""
    known = _kept.get(packs)
    if known is None or known[:2] != (packs.version, public_url):
        made = document(registry, packs, version=version_of(CORE), public_url=public_url)
        known = _kept[packs] = (packs.version, public_url, msgspec.json.encode(made))
    return known[2]


def document(registry: Registry, packs: Packs, *, version: str, public_url: str | None = None) -> Json:
    """Make the OpenAPI 3.1 document.

    Args:
        registry: the operations and formats.
        packs: the packs there are now.
        version: of the server.
        public_url: origin of the server; without it paths are relative to the document.
    """
    schemas = Schemas(registry, packs)
    responses = Responses(schemas)
    processing = Processing(schemas, responses)
    entries = [entry for _, entry in sorted(registry.operations.items())]
    ids = list(packs.packs)
    pack_id = path_id("packId", "Id of a pack.", ids)
    paths: dict[str, Json] = {
        **{f"/v1/{entry.name}": {"post": processing.operation(entry)} for entry in entries},
        "/v1/process": {"post": processing.pipeline(packs)},
        "/v1/packs": {
            "get": _open("listPacks", "Packs", "List every pack.", responses, PackList),
            "post": processing.packs(ids),
        },
        "/v1/packs/{packId}": {
            "get": {
                **_open("readPack", "Packs", "Describe a pack.", responses, PackBody, ErrorCode.NOT_FOUND),
                "parameters": [pack_id],
            },
            "post": processing.pack(pack_id),
        },
        **storage_paths(schemas, responses),
        **batch_paths(schemas, responses, processing, ids),
        **job_paths(schemas, responses),
        **key_paths(schemas, responses),
        **webhook_paths(responses),
        **_discovery_paths(registry, responses),
        **_service_paths(responses),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "filemill",
            "version": version,
            "summary": "The open, self-hosted file-processing server.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "tags": _tags(registry),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": _KEY_HINT},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": _KEY_HINT},
            },
            "schemas": schemas.components,
            "responses": responses.components,
            "parameters": _PARAMETERS,
            "headers": HEADERS,
        },
    }


def _tags(registry: Registry) -> list[Json]:
    plugins = {operation_tag(entry): entry.plugin for _, entry in sorted(registry.operations.items())}
    return [
        *(
            {"name": tag, "description": f"Of the plugin `{plugin.name}` ({plugin.distribution} {plugin.version})."}
            for tag, plugin in sorted(plugins.items())
        ),
        {"name": "Pipelines", "description": "Several operations in one request."},
        {"name": "Packs", "description": "Named pipelines from preset files."},
        {"name": "Uploads", "description": "Inputs kept for later."},
        {"name": "Assets", "description": "Stored results."},
        {"name": "Batches", "description": "The same work on many inputs."},
        {"name": "Jobs", "description": "Work that goes on after its request was answered."},
        {"name": "Keys", "description": "Keys, what is used of their plans, and source domains."},
        {"name": "Webhooks", "description": "Messages about the ends of jobs."},
        {"name": "Discovery", "description": "What this server can do."},
        {"name": "Service", "description": "Health and metrics."},
    ]


def _open(operation_id: str, tag: str, summary: str, responses: Responses, type_: type, *codes: ErrorCode) -> Json:
    """A path that needs no key and gives a JSON body."""
    return {
        "operationId": operation_id,
        "tags": [tag],
        "summary": summary,
        "security": OPEN,
        "responses": {"200": responses.body(summary, type_), **responses.problems(codes)},
    }


def _discovery_paths(registry: Registry, responses: Responses) -> dict[str, Json]:
    name = path_id("name", "Name of an operation.", sorted(registry.operations))
    described = _open(
        "readOperation", "Discovery", "Describe an operation.", responses, OperationBody, ErrorCode.NOT_FOUND
    )
    whole = {"type": "object", "required": ["openapi", "info", "paths"]}
    return {
        "/v1/operations": {
            "get": _open("listOperations", "Discovery", "List every operation.", responses, OperationList)
        },
        "/v1/operations/{name}": {"get": {**described, "parameters": [name]}},
        "/v1/formats": {
            "get": _open(
                "listFormats", "Discovery", "List every format and what becomes of what.", responses, FormatList
            )
        },
        "/openapi.json": {
            "get": {
                "operationId": "readOpenapi",
                "tags": ["Discovery"],
                "summary": "Give this document.",
                "security": OPEN,
                "responses": {
                    "200": responses.content("The document.", {"application/json": {"schema": whole}}, "Cache-Control"),
                    **responses.problems([]),
                },
            }
        },
    }


def _service_paths(responses: Responses) -> dict[str, Json]:
    ready = _open("readReady", "Service", "Tell whether work can be done.", responses, HealthBody)
    ready["description"] = "A real encode in a worker, the database and the storage are tried."
    ready["responses"]["503"] = responses.body("Something fails.", HealthBody, "Retry-After")
    return {
        "/health/live": {"get": _open("readLive", "Service", "Tell whether the process lives.", responses, HealthBody)},
        "/health/ready": {"get": ready},
        "/metrics": {
            "get": {
                "operationId": "readMetrics",
                "tags": ["Service"],
                "summary": "Give the metrics in Prometheus form.",
                "responses": {
                    "200": responses.content("The metrics.", {"text/plain": {"schema": {"type": "string"}}}),
                    **responses.problems([ErrorCode.UNAUTHORIZED]),
                },
            }
        },
    }


def _header(name: str, description: str, **schema: object) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


_PARAMETERS: dict[str, Json] = {
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "The same key again gives the same answer, and the work is done once; kept for 24 hours.",
        minLength=1,
        maxLength=255,
        pattern=r"^[!#-~]+$",
    ),
    "ContentDigest": _header(
        "Content-Digest", "SHA-256 or SHA-512 of the body (RFC 9530): `sha-256=:…:`. It is verified."
    ),
    "Prefer": {
        **_header(
            "Prefer",
            "`respond-async`: answer at once, with a job. `wait=N`: with a job where the result takes longer than N"
            " seconds (RFC 7240).",
        ),
        "examples": {
            "at once": {"value": "respond-async"},
            "after ten seconds": {"value": "wait=10"},
        },
    },
    "Priority": {
        **_header("Priority", "How urgent a job is, from `u=0`, the first, to `u=7`, the last (RFC 9218)."),
        "example": "u=5",
    },
    "IfMatch": _header("If-Match", "Do it only to this version: its `ETag`."),
    "IfNoneMatch": _header("If-None-Match", "The `ETag` that the caller holds."),
    "IfRange": _header("If-Range", "The range only of this version: its `ETag`."),
    "Range": _header("Range", "One range: `bytes=0-99`."),
    "Expires": {
        "name": "expires",
        "in": "query",
        "description": "Of a signed URL: when it ends, seconds since 1970.",
        "schema": {"type": "string"},
    },
    "Signature": {
        "name": "signature",
        "in": "query",
        "description": "Of a signed URL.",
        "schema": {"type": "string"},
    },
}

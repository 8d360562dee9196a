"""The paths of uploads and assets (NA-40, NA-41)."""

from __future__ import annotations

from filemill.errors import ErrorCode
from filemill_server.messages import AssetBody, AssetList, CopyRequest, UploadBody
from filemill_server.openapi.responses import BINARY, Json, Responses
from filemill_server.openapi.resumable import begin_headers, begin_parameters, resumable_methods, tus_paths
from filemill_server.openapi.schemas import Schemas
from filemill_server.paging import DEFAULT_PAGE, MAX_PAGE

_RECEIVE = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.FILE_TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA,
    ErrorCode.INVALID_PARAMETER,
    ErrorCode.INVALID_FILE,
)
_OWN = (ErrorCode.UNAUTHORIZED, ErrorCode.NOT_FOUND)
_BYTES_HEADERS = ("ETag", "Last-Modified", "Cache-Control", "Accept-Ranges", "Vary")
_FILE_HEADERS = (*_BYTES_HEADERS, "Content-Disposition", "Repr-Digest")


def storage_paths(schemas: Schemas, responses: Responses) -> dict[str, Json]:
    """Return the paths of uploads and assets."""
    return {
        "/v1/uploads": {"post": _add_upload(schemas, responses)},
        **tus_paths(responses),
        "/v1/uploads/{uploadId}": {
            "parameters": [path_id("uploadId", "Id of an upload.")],
            **resumable_methods(responses),
            "get": {
                **_about("readUpload", "Uploads", "Tell what an upload is."),
                "responses": {"200": responses.body("The upload.", UploadBody), **responses.problems(_OWN)},
            },
            "delete": {
                **_about("deleteUpload", "Uploads", "End an upload now, also one of which not all has come."),
                "responses": {"204": responses.empty("It is gone."), **responses.problems(_OWN)},
            },
        },
        "/v1/assets": {"get": _list_assets(responses)},
        "/v1/assets/{assetId}": _asset(schemas, responses),
        "/v1/assets/{assetId}/copy": {
            "parameters": [path_id("assetId", "Id of an asset.")],
            "post": _copy_asset(schemas, responses),
        },
    }


def path_id(name: str, description: str, ids: list[str] | None = None) -> Json:
    """A parameter in the path; `ids` are the values it can have, where they are known."""
    schema: Json = {"type": "string", "minLength": 1, "maxLength": 200}
    if ids:
        schema["enum"] = ids
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def page_parameters(description: str) -> list[Json]:
    """The parameters of a list that is given a page at a time; `description` is that of a page's size."""
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}
    return [
        {"name": "limit", "in": "query", "description": description, "schema": limit},
        {
            "name": "cursor",
            "in": "query",
            "description": "`nextCursor` of the page before.",
            "schema": {"type": "string", "maxLength": 200},
        },
    ]


def _about(operation_id: str, tag: str, summary: str) -> Json:
    return {"operationId": operation_id, "tags": [tag], "summary": summary}


def _file_body(description: str) -> Json:
    form = {
        "type": "object",
        "properties": {"file": BINARY},
        "required": ["file"],
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": form}, "application/octet-stream": {"schema": BINARY}}
    return {"required": True, "description": description, "content": content}


def _add_upload(schemas: Schemas, responses: Responses) -> Json:
    return {
        **_about("addUpload", "Uploads", "Keep a file for later requests."),
        "description": "With `Upload-Complete: ?0` (draft-ietf-httpbis-resumable-upload) the body is the beginning of "
        "the file; the rest goes to `Location` by `PATCH`. In place of a key, a URL of `filemill sign upload` lets its"
        " bearer send whole files until its time is over.",
        "parameters": [{"$ref": "#/components/parameters/ContentDigest"}, *begin_parameters()],
        "requestBody": _file_body("One file, as the part `file` of a form or as the body; any media type."),
        "responses": {
            "201": responses.content(
                "It is kept; without a body where the rest is to come.",
                {"application/json": {"schema": schemas.ref(UploadBody)}, "text/plain": {"schema": {"const": ""}}},
                "Location",
                *begin_headers(),
            ),
            **responses.problems(_RECEIVE),
        },
    }


def _list_assets(responses: Responses) -> Json:
    return {
        **_about("listAssets", "Assets", "List own assets, the newest first."),
        "parameters": page_parameters("Assets a page."),
        "responses": {
            "200": responses.body("A page of assets.", AssetList, "Link"),
            **responses.problems([ErrorCode.UNAUTHORIZED, ErrorCode.INVALID_PARAMETER]),
        },
    }


def _asset(schemas: Schemas, responses: Responses) -> Json:
    if_match = {"$ref": "#/components/parameters/IfMatch"}
    bytes_: Json = {"*/*": {}}  # whatever the asset is, JSON too
    unchanged = responses.empty("The caller holds these bytes already.", *_BYTES_HEADERS)
    whole = responses.content("The bytes.", bytes_, *_FILE_HEADERS)
    part = responses.content("The range asked for.", bytes_, *_FILE_HEADERS, "Content-Range")
    conditions = [{"$ref": f"#/components/parameters/{name}"} for name in ("IfNoneMatch", "Expires", "Signature")]
    ranges = [{"$ref": f"#/components/parameters/{name}"} for name in ("Range", "IfRange")]
    return {
        "parameters": [path_id("assetId", "Id of an asset.")],
        "get": {
            **_about("readAsset", "Assets", "Give an asset's bytes."),
            "description": "With the owner's key, by a signed URL, or without either where it is public.",
            "security": [{}, {"bearer": []}, {"apiKey": []}],
            "parameters": [*conditions, *ranges],
            "responses": {
                "200": whole,
                "206": part,
                "304": unchanged,
                **responses.problems([*_OWN, ErrorCode.RANGE_NOT_SATISFIABLE]),
            },
        },
        "head": {
            **_about("headAsset", "Assets", "Tell an asset's size, type and version."),
            "security": [{}, {"bearer": []}, {"apiKey": []}],
            "parameters": conditions,
            "responses": {
                "200": responses.empty("As `GET`, without the bytes.", *_FILE_HEADERS),
                "304": unchanged,
                **{
                    status: responses.empty(f"As `GET` answers {status}, without a body.")
                    for status in ("401", "404", "500")
                },
            },
        },
        "put": {
            **_about("replaceAsset", "Assets", "Replace an asset's bytes; its id and its end stay."),
            "parameters": [if_match, {"$ref": "#/components/parameters/ContentDigest"}],
            "requestBody": _file_body("The new file."),
            "responses": {
                "200": responses.body("It is replaced.", AssetBody, "ETag"),
                **responses.problems([*_RECEIVE, ErrorCode.NOT_FOUND, ErrorCode.PRECONDITION_FAILED]),
            },
        },
        "delete": {
            **_about("deleteAsset", "Assets", "End an asset now."),
            "parameters": [if_match],
            "responses": {
                "204": responses.empty("It is gone."),
                **responses.problems([*_OWN, ErrorCode.PRECONDITION_FAILED]),
            },
        },
    }


def _copy_asset(schemas: Schemas, responses: Responses) -> Json:
    codes = [code for code in _RECEIVE if code is not ErrorCode.INVALID_FILE]
    return {
        **_about("copyAsset", "Assets", "Make a second asset of the same bytes."),
        "requestBody": {
            "required": False,
            "content": {
                "application/json": {"schema": schemas.ref(CopyRequest), "example": {"output": {"public": True}}}
            },
        },
        "responses": {
            "201": responses.body("The copy.", AssetBody, "Location", "ETag"),
            **responses.problems([*codes, ErrorCode.NOT_FOUND]),
        },
    }

"""The paths of resumable uploads: tus (NC-06) and the IETF's draft (NC-07)."""

from __future__ import annotations

from collections.abc import Sequence

from filemill.errors import ErrorCode
from filemill_server.messages import UploadBody
from filemill_server.openapi.responses import BINARY, Json, Responses
from filemill_server.routes import resumable, tus

_OWN = (ErrorCode.UNAUTHORIZED, ErrorCode.NOT_FOUND)
_BYTES = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.CONFLICT,
    ErrorCode.FILE_TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA,
    ErrorCode.INVALID_FILE,
)
_TUS_BYTES = (*_BYTES, ErrorCode.PRECONDITION_FAILED, ErrorCode.CHECKSUM_MISMATCH)
_COUNT = "^[0-9]{1,15}$"


def tus_paths(responses: Responses) -> dict[str, Json]:
    """Return the paths of tus."""
    added = responses.empty(
        "The bytes are there; after the last one it is an upload.", "Upload-Offset", "Upload-Expires"
    )
    changes = {"204": added, **responses.problems([*_TUS_BYTES, ErrorCode.NOT_FOUND, ErrorCode.METHOD_NOT_ALLOWED])}
    given = [_version(), _number("Upload-Offset", "Where the bytes belong."), *_lengths(), _checksum()]
    return {
        "/v1/uploads/tus": {
            "post": {
                **_about("beginTusUpload", "Begin an upload by tus 1.0, with or without its first bytes."),
                "description": "Either `Upload-Length` or `Upload-Defer-Length: 1` is needed.",
                "parameters": [_version(), *_lengths(), _deferred(), _metadata(), _checksum()],
                "requestBody": _bytes(tus.MEDIA_TYPE, required=False),
                "responses": {
                    "201": responses.empty("It has begun.", "Location", "Upload-Offset", "Upload-Expires"),
                    **responses.problems(_TUS_BYTES),
                },
            }
        },
        "/v1/uploads/tus/{uploadId}": {
            "parameters": [_id()],
            "head": {
                **_about("readTusUpload", "Tell how far an upload by tus is."),
                "parameters": [_version()],
                "responses": {
                    "200": responses.empty(
                        "So far.",
                        *("Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires", "Cache-Control"),
                    ),
                    **_without_body(responses, ("401", "404", "409", "412", "415", "422", "500")),
                },
            },
            "patch": {
                **_about("appendTusUpload", "Add bytes to an upload by tus."),
                "parameters": given,
                "requestBody": _bytes(tus.MEDIA_TYPE),
                "responses": changes,
            },
            "delete": {
                **_about("deleteTusUpload", "End an upload by tus now."),
                "parameters": [_version()],
                "responses": {
                    "204": responses.empty("It is gone."),
                    **responses.problems([*_OWN, ErrorCode.PRECONDITION_FAILED]),
                },
            },
            "post": {
                **_about("overrideTusUpload", "Do what `X-HTTP-Method-Override` names."),
                "parameters": [
                    _version(),
                    _header("X-HTTP-Method-Override", "The method that is meant.", required=True, enum=["PATCH"]),
                    *given[1:],
                ],
                "requestBody": _bytes(tus.MEDIA_TYPE),
                "responses": changes,
            },
        },
    }


def resumable_methods(responses: Responses) -> Json:
    """Return the methods that the draft has for an upload."""
    state = ("Upload-Offset", "Upload-Complete", "Upload-Length", "Upload-Limit", "Cache-Control")
    return {
        "head": {
            **_about("readUploadState", "Tell how far an upload is."),
            "responses": {
                "204": responses.empty("So far.", *state),
                **_without_body(responses, ("401", "404", "409", "500")),
            },
        },
        "patch": {
            **_about("appendUpload", "Go on with an upload, by the draft of the IETF."),
            "parameters": [
                _number("Upload-Offset", "Where the bytes belong."),
                _header("Upload-Complete", "`?1`: these are the last bytes; `?0`: more follow.", required=True),
                *begin_parameters()[1:],
                {"$ref": "#/components/parameters/ContentDigest"},
            ],
            "requestBody": _bytes(resumable.MEDIA_TYPE),
            "responses": {
                "201": responses.body("All is there; it is an upload.", UploadBody, "Location", "Upload-Complete"),
                "204": responses.empty("The bytes are there.", "Upload-Offset", "Upload-Complete"),
                **responses.problems([*_BYTES, ErrorCode.NOT_FOUND]),
            },
        },
    }


def begin_parameters() -> list[Json]:
    """Return the headers of a request that begins a resumable upload."""
    return [
        _header("Upload-Complete", "`?0`: the body is the beginning of the file; `?1`: all of it."),
        _header("Upload-Length", "Bytes of the whole file."),
    ]


def begin_headers() -> Sequence[str]:
    """Return the headers of its answer."""
    return ("Upload-Complete", "Upload-Offset", "Upload-Limit")


def _id() -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return {"name": "uploadId", "in": "path", "required": True, "description": "Id of an upload.", "schema": schema}


def _about(operation_id: str, summary: str) -> Json:
    return {"operationId": operation_id, "tags": ["Uploads"], "summary": summary}


def _header(name: str, description: str, *, required: bool = False, **schema: object) -> Json:
    where = {"name": name, "in": "header", "required": required}
    return {**where, "description": description, "schema": {"type": "string", **schema}}


def _version() -> Json:
    return _header("Tus-Resumable", "The version of tus.", required=True, const=tus.VERSION)


def _number(name: str, description: str) -> Json:
    return _header(name, description, required=True, pattern=_COUNT)


def _lengths() -> list[Json]:
    return [_header("Upload-Length", "Bytes of the whole file.", pattern=_COUNT)]


def _deferred() -> Json:
    return _header("Upload-Defer-Length", "`1`: the length will be said later.", const="1")


def _metadata() -> Json:
    return _header("Upload-Metadata", "Pairs of a key and a value in base64: `filename cGhvdG8uanBn`.")


def _checksum() -> Json:
    return _header("Upload-Checksum", "Of the bytes of this request: an algorithm and the digest in base64.")


def _bytes(media_type: str, *, required: bool = True) -> Json:
    return {"required": required, "description": "Bytes of the file.", "content": {media_type: {"schema": BINARY}}}


def _without_body(responses: Responses, statuses: Sequence[str]) -> dict[str, Json]:
    return {status: responses.empty("As for other methods, without a body.") for status in statuses}

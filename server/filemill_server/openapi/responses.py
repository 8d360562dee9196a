"""Answers in the document: bodies, bytes, headers, and problems by their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from filemill.errors import ErrorCode
from filemill_server.messages import ProblemBody
from filemill_server.openapi.schemas import Schemas
from filemill_server.problems import problem_type

Json = dict[str, Any]

BINARY: Json = {"type": "string", "format": "binary"}


def _text(description: str, **more: object) -> Json:
    return {"description": description, "schema": {"type": "string", **more}}


HEADERS: dict[str, Json] = {
    "X-Request-Id": _text("Id of the request, for the log; that of the request where it sent one."),
    "Retry-After": {
        "description": "Seconds after which a repetition may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": _text("Strong validator: SHA-256 of the bytes, in quotes."),
    "Last-Modified": _text("When the bytes were written."),
    "Cache-Control": _text("Who may keep the bytes, and for how long."),
    "Accept-Ranges": _text("`bytes`: one range may be asked for.", const="bytes"),
    "Content-Range": _text("Which bytes these are: `bytes 0-99/1234`."),
    "Content-Disposition": _text("The file's name."),
    "Repr-Digest": _text("SHA-256 of the whole file (RFC 9530)."),
    "X-Asset-Id": _text("Id of the stored result whose bytes these are."),
    "Location": _text("Where the new thing is."),
    "Link": _text('The next page: `<…>; rel="next"`.'),
    "Allow": _text("The methods that are possible here."),
    "WWW-Authenticate": _text("`Bearer`: a key is needed, or the one sent is not valid."),
    "Idempotency-Replayed": _text("`true`: the stored answer of the first request with this key.", const="true"),
    "Preference-Applied": _text("What of `Prefer` was followed."),
    "RateLimit-Policy": _text('The limits of the key\'s plan, where it has any: `"minute";q=60;w=60`.'),
    "RateLimit": _text('What is left of them, and for how many seconds: `"minute";r=59;t=60`.'),
    "Upload-Offset": _text("How many bytes of an upload are there."),
    "Upload-Complete": _text("`?1`: all of an upload is there."),
    "Upload-Length": _text("Bytes that an upload will have; absent where that is not yet known."),
    "Upload-Limit": _text("What an upload may be: `max-size`, bytes, and `max-age`, seconds."),
    "Upload-Metadata": _text("What the client said of the file."),
    "Upload-Expires": _text("When an upload is given up if no more bytes come."),
    "Vary": _text("The request headers that the answer depends on."),
}
LIMITS = ("RateLimit-Policy", "RateLimit")
"""Headers of answers that a plan's limits count."""
_EVERYWHERE = ("X-Request-Id",)


class Responses:
    """Makes responses and gathers the problem responses that several paths share.

    Attributes:
        components: the shared responses by name.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.components: dict[str, Json] = {}

    def body(self, description: str, type_: type, *headers: str) -> Json:
        """An answer with a JSON body of one type."""
        return self.content(description, {"application/json": {"schema": self._schemas.ref(type_)}}, *headers)

    def content(self, description: str, content: Mapping[str, Json], *headers: str) -> Json:
        """An answer with a body in any of several media types."""
        return {**self.empty(description, *headers), "content": dict(content)}

    def empty(self, description: str, *headers: str) -> Json:
        """An answer without a body."""
        return {"description": description, "headers": header_refs((*_EVERYWHERE, *headers))}

    def problems(self, codes: Iterable[ErrorCode]) -> dict[str, Json]:
        """The problem answers of these codes, and of a defect, by status."""
        by_status: dict[int, list[ErrorCode]] = {}
        for code in (*codes, ErrorCode.INTERNAL_ERROR):
            by_status.setdefault(code.status, []).append(code)
        return {str(status): self._shared(status, by_status[status]) for status in sorted(by_status)}

    def _shared(self, status: int, codes: list[ErrorCode]) -> Json:
        name = "-".join(code.title.title().replace(" ", "") for code in codes)
        if name not in self.components:
            more = {
                401: ("WWW-Authenticate",),
                409: ("Retry-After",),
                416: ("Content-Range",),
                422: LIMITS,
                429: ("Retry-After", *LIMITS),
                503: ("Retry-After",),
            }
            example = {
                "type": problem_type(codes[0]),
                "title": codes[0].title,
                "status": status,
                "detail": codes[0].meaning,
                "instance": "/v1/…",
                "code": codes[0].name,
                "request_id": "0f8fad5bd9cb469fa16570867728950e",
            }
            content = {"application/problem+json": {"schema": self._schemas.ref(ProblemBody), "example": example}}
            description = " ".join(f"`{code.name}`: {code.meaning}" for code in codes)
            self.components[name] = self.content(description, content, *more.get(status, ()))
        return {"$ref": f"#/components/responses/{name}"}


def header_refs(names: Iterable[str]) -> dict[str, Json]:
    """References to headers by name."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

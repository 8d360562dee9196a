"""Reads a request body in any of its three forms into files on disk and parameters."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import InternalServerException
from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.parameters import read_text
from filemill_server.bodies.digests import Digests
from filemill_server.bodies.form import read_form
from filemill_server.bodies.spool import Spool, too_large
from filemill_server.names import DEFAULT_NAME, file_name
from filemill_server.wire import ClientGone, HttpRequest

MAX_JSON_BYTES = 32 << 20
"""Largest JSON body: it is held in memory, so that large files belong in an upload, a form or a raw body."""


class Part(Struct, frozen=True):
    """A file that came in a body: the field's name, where it was put, and the caller's name for it."""

    field: str
    path: Path
    name: str


class Body(Struct, kw_only=True):
    """What a body said.

    Fields:
        files: the inputs that came with it.
        parts: further files, by the name of the parameter they stand for.
        parameters: plain data, not yet validated.
        strict: whether types are exact (JSON) or texts are read as numbers (forms and queries).
    """

    files: list[Part]
    parts: dict[str, Part]
    parameters: dict[str, object]
    strict: bool

    async def fingerprint(self) -> str:
        """Return what tells this request from others under the same idempotency key (NC-04).

        It is the SHA-256, hexadecimal, of what the body says, not of its bytes: a repeated form has
        another boundary and is the same request.
        """
        return await asyncio.to_thread(self._hashed)

    def _hashed(self) -> str:
        running = hashlib.sha256(msgspec.json.encode(self.parameters, order="sorted"))
        for part in [*self.files, *self.parts.values()]:
            running.update(msgspec.json.encode((part.field, part.name, part.path.stat().st_size)))
            with part.path.open("rb") as stream:
                running.update(hashlib.file_digest(stream, "sha256").digest())
        return running.hexdigest()


async def read_body(
    request: HttpRequest,
    folder: Path,
    *,
    limit: int,
    structs: tuple[type[Struct], ...],
) -> Body:
    """Read a request's body, whichever form it has.

    Args:
        request: the request; its body is consumed.
        folder: an existing working folder for the files.
        limit: bytes of the files together.
        structs: whose fields the parameters may be; tells text from JSON in forms and queries.

    Raises:
        FilemillError: `BAD_REQUEST`, `FILE_TOO_LARGE`, `UNSUPPORTED_MEDIA`, `INVALID_PARAMETER`.
    """
    digests = Digests(request.headers.get("content-digest"))
    declared = request.headers.get("content-type", "")
    said = media_type(request)
    stream = stream_of(request, digests)
    query = request.scope["query_string"]
    if said == "application/json" or said.endswith("+json"):
        body = await _read_json(stream, query)
    elif said == "multipart/form-data":
        _no_query(query)
        files, texts = await read_form(stream, declared, folder, limit)
        body = _from_form([Part(*file) for file in files], read_text(texts, *structs))
    else:  # also application/x-www-form-urlencoded, which curl says of --data-binary
        body = await _read_raw(request, stream, folder, limit, query, structs)
    digests.verify()
    return body


def media_type(request: HttpRequest) -> str:
    """Return what a request says its body is, in small letters and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def stream_of(request: HttpRequest, digests: Digests) -> AsyncIterator[bytes]:
    """Give the body of a request as it arrives, and let its digests see it."""
    try:
        async for chunk in request.stream():
            if chunk:
                digests.update(chunk)
                yield chunk
    except InternalServerException:  # the one thing it means here
        raise ClientGone from None


async def _read_json(stream: AsyncIterator[bytes], query: bytes) -> Body:
    parameters = await read_json(
        stream, MAX_JSON_BYTES, "A JSON body (send large files as an upload, a form or a raw body)"
    )
    _no_query(query)
    if not isinstance(parameters, dict):
        raise invalid("", "The JSON body must be an object.")
    return Body(files=[], parts={}, parameters=parameters, strict=True)


async def read_json(stream: AsyncIterator[bytes], limit: int, what: str) -> object:
    """Read a JSON value of so many bytes at most; `what` it is, for who sends more.

    Raises:
        FilemillError: `BAD_REQUEST` where it is none, `FILE_TOO_LARGE`.
    """
    data = bytearray()
    async for chunk in stream:
        data += chunk
        if len(data) > limit:
            raise too_large(limit, what)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FilemillError(ErrorCode.BAD_REQUEST, f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise FilemillError(ErrorCode.BAD_REQUEST, "The JSON body is nested too deeply.") from None


def _no_query(query: bytes) -> None:
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    if names:
        raise invalid(f"/{names[0]}", "Parameters stand in the query only where the body is the file itself.")


async def _read_raw(
    request: HttpRequest,
    stream: AsyncIterator[bytes],
    folder: Path,
    limit: int,
    query: bytes,
    structs: tuple[type[Struct], ...],
) -> Body:
    parameters = read_query(query, *structs)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    name = file_name(request.headers.get("content-disposition")) or DEFAULT_NAME
    with Spool(folder / "body", limit) as spool:
        async for chunk in stream:
            await spool.write(chunk)
    files = [Part("file", spool.path, name)] if spool.size else []
    return Body(files=files, parts={}, parameters=parameters, strict=False)


def read_query(query: bytes, *structs: type[Struct]) -> dict[str, object]:
    """Read parameters from a query string; `BAD_REQUEST` where it is not UTF-8."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except (UnicodeDecodeError, ValueError) as error:
        raise FilemillError(ErrorCode.BAD_REQUEST, f"The query string can't be read: {error}.") from None
    return read_text(pairs, *structs)


def _from_form(files: list[Part], parameters: dict[str, object]) -> Body:
    """Sort file parts: `file`, `files`, with or without `[]`, are inputs; others stand for a parameter."""
    inputs: list[Part] = []
    parts: dict[str, Part] = {}
    for part in files:
        field = part.field.removesuffix("[]")
        if field in ("file", "files"):
            inputs.append(part)
        elif field in parts or field in parameters:
            raise invalid(f"/{field}", f"{field!r} is given more than once.")
        else:
            parts[field] = part
    return Body(files=inputs, parts=parts, parameters=parameters, strict=False)

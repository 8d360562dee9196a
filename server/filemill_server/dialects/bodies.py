"""Reads the bodies of services that are less strict than the native API: the last value counts, the unknown is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.body import MAX_JSON_BYTES, Part, media_type, read_json, stream_of
from filemill_server.bodies.digests import Digests
from filemill_server.bodies.form import read_form
from filemill_server.wire import HttpRequest


class Form(Struct, frozen=True):
    """A form: its file parts in their order, and its texts; of a name that came twice the last one."""

    files: Sequence[Part]
    texts: Mapping[str, str]

    def named(self, *names: str) -> Sequence[Part]:
        """Return the file parts of some names that are not empty."""
        return [part for part in self.files if part.field in names and part.path.stat().st_size]


async def read_multipart(request: HttpRequest, folder: Path, limit: int) -> Form:
    """Read a form while it arrives, files into a folder.

    Raises:
        FilemillError: `BAD_REQUEST` where it is none, `FILE_TOO_LARGE` past the limit of its files together, bytes.
    """
    if media_type(request) != "multipart/form-data":
        raise FilemillError(ErrorCode.BAD_REQUEST, "The body must be multipart/form-data.")
    stream = stream_of(request, Digests(None))
    files, texts = await read_form(stream, request.headers["content-type"], folder, limit)
    return Form([Part(*file) for file in files], dict(texts))


async def read_object(request: HttpRequest, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a JSON object, whatever the request says that it is.

    Raises:
        FilemillError: `BAD_REQUEST` where it is none, `FILE_TOO_LARGE` past the limit, bytes.
    """
    found = await read_json(stream_of(request, Digests(None)), limit, "The JSON body")
    if not isinstance(found, dict):
        raise FilemillError(ErrorCode.BAD_REQUEST, "The JSON body must be an object.")
    return found

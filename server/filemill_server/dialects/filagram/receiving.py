"""A request on its way in: its form is read while it is measured (FG-68)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filemill_server.bodies import Digests
from filemill_server.bodies.body import media_type, stream_of
from filemill_server.bodies.spool import too_large
from filemill_server.dialects.bodies import Form, read_multipart
from filemill_server.dialects.filagram.fields import bad_request
from filemill_server.doing import working_folder
from filemill_server.services import file_limit_of, services_of
from filemill_server.wire import HttpRequest


@asynccontextmanager
async def received(request: HttpRequest) -> AsyncIterator[tuple[Form, Path]]:
    """Read the form of a request into a folder, as a context.

    Raises:
        FilemillError: `FILE_TOO_LARGE` where its files are too large, and else `BAD_REQUEST` where it is none.
    """
    limit = file_limit_of(request)
    async with working_folder(services_of(request).work_folder) as folder:
        yield await _form(request, folder, limit), folder


async def _form(request: HttpRequest, folder: Path, limit: int) -> Form:
    if media_type(request) == "multipart/form-data":
        return await read_multipart(request, folder, limit)
    size = 0
    async for chunk in stream_of(request, Digests(None)):
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
    raise bad_request("The body must be multipart/form-data.")

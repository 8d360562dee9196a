"""A file that a request brings to be kept as it is: an upload, or new bytes for an asset."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from msgspec import Struct

from filemill.errors import Fault, invalid
from filemill.faults import refuse, unknown
from filemill_server.bodies import Part, read_body
from filemill_server.services import Services, file_limit_of, services_of
from filemill_server.wire import HttpRequest


class Received(Struct, frozen=True):
    """A file in a working folder with what its content says: size in bytes, SHA-256 in hexadecimal."""

    path: Path
    name: str
    format: str
    media_type: str
    size: int
    sha256: str


class NoParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """A request that brings a file and says nothing else."""


async def received(request: HttpRequest, folder: Path) -> Received:
    """Take the one file of a request, raw or multipart.

    Raises:
        FilemillError: `INVALID_PARAMETER` where it has no file, many, or parameters;
            `UNSUPPORTED_MEDIA` where no format knows its content; `FILE_TOO_LARGE`.
    """
    services = services_of(request)
    body = await read_body(request, folder, limit=file_limit_of(request), structs=(NoParameters,))
    if body.parameters or body.parts:
        names = [*body.parameters, *body.parts]
        raise refuse([Fault(f"/{name}", unknown(name, ["file"], "parameter")) for name in names])
    if len(body.files) != 1:
        raise invalid("/file", f"One file is needed, raw or as the part 'file'; {len(body.files)} came.")
    return await identified(services, body.files[0])


async def identified(services: Services, part: Part) -> Received:
    """Find out what a file is, by its content.

    Raises:
        FilemillError: `UNSUPPORTED_MEDIA` where no format knows it.
    """
    file = await asyncio.to_thread(services.registry.formats.sniff, part.path, part.name)
    form = services.registry.formats[file.format]
    digest = await asyncio.to_thread(_sha256, part.path)
    return Received(part.path, part.name, form.name, form.media_type, file.size, digest)


async def unidentified(part: Part) -> Received:
    """Describe a file whose content is not looked at: whoever works on it finds out what it is."""
    digest = await asyncio.to_thread(_sha256, part.path)
    return Received(part.path, part.name, "file", "application/octet-stream", part.path.stat().st_size, digest)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

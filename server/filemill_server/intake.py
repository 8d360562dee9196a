"""What a job needs is kept before it is accepted: the files of the request go to the store, where any node has them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from filemill.sources import Source
from filemill_server.bodies import Body, Part
from filemill_server.inputs import Bringer
from filemill_server.plans.plan import Plan
from filemill_server.received import identified
from filemill_server.services import Services

KEEP_SECONDS = 30 * 24 * 3600
"""How long the files of a job that is never run are kept; they go when it ends."""


class Kept(NamedTuple):
    """Inputs of a request as a job names them.

    Attributes:
        sources: inputs that were named in it; files in its JSON are uploads now.
        files: uploads of the files that came as inputs.
        parts: uploads of the files that stand for a parameter, by its name.
        rows: of the uploads, whose bytes are in the store.
    """

    sources: list[tuple[str, Source]]
    files: list[str]
    parts: dict[str, str]
    rows: Sequence[Mapping[str, Any]]


async def keep_inputs(
    services: Services,
    tenant: str,
    folder: Path,
    body: Body,
    sources: Sequence[tuple[str, Source]],
    plan: Plan | None = None,
    keep_seconds: int = KEEP_SECONDS,
) -> Kept:
    """Bring the files of a request into the store.

    Args:
        services: of the server.
        tenant: whose they are.
        folder: of the request.
        body: of the request; its files are consumed.
        sources: the inputs that it names, with their JSON pointers.
        plan: whose limits hold beside the server's.
        keep_seconds: how long the files are kept where the job does not end before.

    Raises:
        FilemillError: `UNSUPPORTED_MEDIA` where no format knows the content of a file, `INVALID_PARAMETER` where
            base64 is none.
    """
    held = [(pointer, source) for pointer, source in sources if source.base64 is not None]
    brought = await Bringer(services, folder, tenant, body.parts, plan).bring(held)
    decoded = [Part("", Path(given.path), given.name) for given in brought]

    async def put(part: Part) -> tuple[str, Mapping[str, Any]]:
        given = await identified(services, part)
        upload, row = await services.uploads.put(
            given.path,
            id=services.uploads.new_id(),
            tenant=tenant,
            filename=given.name,
            format=given.format,
            media_type=given.media_type,
            size=given.size,
            sha256=given.sha256,
            ttl_seconds=keep_seconds,
        )
        return upload.id, row

    made = await asyncio.gather(*map(put, [*body.files, *body.parts.values(), *decoded]))
    ids = iter([upload_id for upload_id, _ in made])
    files = [next(ids) for _ in body.files]
    parts = {name: next(ids) for name in body.parts}
    named = [(pointer, source if source.base64 is None else Source(upload_id=next(ids))) for pointer, source in sources]
    return Kept(named, files, parts, [row for _, row in made])

"""What becomes of the files that a task made: they are stored, and described as the API does (NA-27)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filemill.archive import split_name
from filemill.kinds import Facts, Json
from filemill.task import Outcome, Output
from filemill_server.assets import Asset, Said
from filemill_server.links import asset_url
from filemill_server.messages import OutputBody, OutputOptions, with_facts
from filemill_server.names import DEFAULT_NAME, clean_name
from filemill_server.services import Services


def outputs_of(outcome: Outcome) -> Sequence[Output]:
    """Return the files that a task made for its caller."""
    return [outcome.bundle] if outcome.bundle else [output for part in outcome.made for output in part.outputs]


def said_of(output: Output, options: OutputOptions, tenant: str, *, many: bool) -> Said:
    """Return what is kept of a result; `many`: it is one of several of one request."""
    return {
        "tenant": tenant,
        "filename": _filename(output, options, many=many),
        "format": output.format,
        "media_type": output.media_type,
        "size": output.size,
        "sha256": output.sha256,
        "facts": output.facts,
        "public": options.public,
        "ttl_seconds": options.ttl_seconds,
    }


async def store_all(
    services: Services, outputs: Sequence[Output], options: OutputOptions, tenant: str
) -> Sequence[Asset]:
    """Keep results as assets."""
    many = len(outputs) > 1

    async def store(output: Output) -> Asset:
        said = said_of(output, options, tenant, many=many)
        return await store_one(services, output, said)

    return await asyncio.gather(*map(store, outputs))


async def store_one(services: Services, output: Output, said: Said, id: str | None = None) -> Asset:
    """Keep one result as an asset."""
    services.metrics.bytes_out.inc(output.size)
    return await services.assets.add(Path(output.path), id=id or services.assets.new_id(), **said)


async def put_all(
    services: Services, outputs: Sequence[Output], options: OutputOptions, tenant: str, id: str | None = None
) -> tuple[Sequence[Asset], Sequence[Mapping[str, Any]]]:
    """Bring results into the store.

    Args:
        services: of the server.
        outputs: the results.
        options: what becomes of them.
        tenant: whose they are.
        id: of the only one, where it was chosen before.

    Returns:
        The assets, and the rows that make them assets when they are entered.
    """

    async def put(output: Output) -> tuple[Asset, Mapping[str, Any]]:
        services.metrics.bytes_out.inc(output.size)
        said = said_of(output, options, tenant, many=len(outputs) > 1)
        return await services.assets.put(Path(output.path), id=id or services.assets.new_id(), **said)

    made = await asyncio.gather(*map(put, outputs))
    return [asset for asset, _ in made], [row for _, row in made]


def output_bodies(services: Services, base: str, assets: Sequence[Asset], outputs: Sequence[Output]) -> Sequence[Facts]:
    """Describe stored results; `base` is the public origin of their URLs."""
    return [
        with_facts(
            OutputBody(
                asset_id=asset.id,
                url=asset_url(services.signer, base, asset),
                expires_at=asset.expires_at,
                filename=asset.filename,
                format=asset.format,
                mime_type=asset.media_type,
                size_bytes=asset.size,
            ),
            output.facts,
        )
        for asset, output in zip(assets, outputs, strict=True)
    ]


def result_body(
    outcome: Outcome,
    bodies: Sequence[Facts],
    metadata: Mapping[str, Json] | None,
    packs: Sequence[str | None] | None,
) -> Facts:
    """Write the answer of a processing request.

    Args:
        outcome: of the task.
        bodies: of its stored results.
        metadata: the caller's own.
        packs: the pack of each pipeline, where many were asked for at once.
    """
    plain: Facts = {"source": outcome.sources[0]}
    if metadata is not None:
        plain["metadata"] = dict(metadata)
    if packs is not None:
        plain["results"] = _pack_bodies(outcome, bodies, packs)
        return plain
    plain |= {"report": outcome.made[0].report}
    plain |= bodies[0] if len(bodies) == 1 else {"outputs": list(bodies)}
    if len(outcome.sources) > 1:
        plain["sources"] = outcome.sources
    return plain


def _pack_bodies(outcome: Outcome, bodies: Sequence[Facts], packs: Sequence[str | None]) -> list[Facts]:
    owners = [(pack, part) for pack, part in zip(packs, outcome.made, strict=True) for _ in part.outputs]
    return [{"packId": pack, **body, "report": part.report} for (pack, part), body in zip(owners, bodies, strict=True)]


def _filename(output: Output, options: OutputOptions, *, many: bool) -> str:
    """The name asked for with the result's own ending; one name for many results gets their own before it."""
    if options.filename is None:
        return clean_name(output.name) or DEFAULT_NAME
    own, ending = split_name(output.name)
    stem, _ = split_name(clean_name(options.filename) or DEFAULT_NAME)
    return clean_name(f"{stem}-{own}{ending}" if many else f"{stem}{ending}") or DEFAULT_NAME

"""Answers of processing requests: stored results as JSON, or their bytes (NA-27, NA-28)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec
from litestar import Response
from litestar.response import Stream
from msgspec import Struct
from msgspec.structs import replace

from filemill.kinds import Facts
from filemill.task import Outcome, Output
from filemill_server.assets import Asset, Assets
from filemill_server.links import asset_url
from filemill_server.messages import OutputBody, OutputOptions, PacksRequest, Request, with_facts
from filemill_server.names import DEFAULT_NAME, clean_name, content_disposition
from filemill_server.negotiation import prefers_bytes
from filemill_server.outages import patiently
from filemill_server.services import key_of, services_of
from filemill_server.wire import HttpRequest

_IN_MEMORY = 1 << 20  # larger results are streamed from the store, bytes


_MOST_COMING = 64  # bytes answered before their asset is kept; from then on the store sets the pace


class Coming(Struct, frozen=True):
    """An asset whose bytes are answered while it is on its way into the store."""

    id: str
    filename: str
    media_type: str
    sha256: str


class Answer(Struct, frozen=True):
    """An answer that can be kept and given again: its JSON, or the asset whose bytes it is."""

    headers: dict[str, str]
    body: bytes
    asset: Asset | Coming | None = None

    async def response(self, request: HttpRequest) -> Response[bytes] | Stream:
        """Make the response; an asset's bytes come from memory where they are held, else from the store.

        Raises:
            FileNotFoundError: they are in the store no more.
        """
        if self.asset is None:
            return Response(self.body, status_code=200, headers=self.headers, media_type="application/json")
        headers = self.headers | {
            "X-Asset-Id": self.asset.id,
            "ETag": f'"{self.asset.sha256}"',
            "Content-Disposition": content_disposition(self.asset.filename, self.asset.media_type),
            "X-Content-Type-Options": "nosniff",
        }
        if self.body or isinstance(self.asset, Coming):  # a text without letters has no bytes
            return Response(self.body, status_code=200, headers=headers, media_type=self.asset.media_type)
        headers["Content-Length"] = str(self.asset.size)
        stream = await services_of(request).storage.begin(self.asset.storage_name)
        return Stream(stream, status_code=200, headers=headers, media_type=self.asset.media_type)


async def answer(
    request: HttpRequest, outcome: Outcome, message: Request, packs: Sequence[str | None], *, kept: bool
) -> Answer:
    """Store what a task made and say so, in the form the request prefers.

    Args:
        request: who asks, and its `Accept`.
        outcome: of the task.
        message: the request's output options and metadata.
        packs: the pack of each pipeline, or None.
        kept: whether the answer will be given again, and so rests on what is stored. Bytes that are in the
            caller's hands are else stored after they are sent: a disk's syncs take as long as a picture.
    """
    made = [outcome.bundle] if outcome.bundle else [output for part in outcome.made for output in part.outputs]
    wants_bytes = len(made) == 1 and prefers_bytes(request.headers.get("accept"))
    held = wants_bytes and made[0].size <= _IN_MEMORY
    body = Path(made[0].path).read_bytes() if held else b""  # just written, so that it comes from memory
    if held and not kept and services_of(request).assets.coming < _MOST_COMING:
        return Answer({"Vary": "Accept"}, body, _begin_to_store(request, made[0], message.output))
    assets = await asyncio.gather(*(_store(request, output, message.output, len(made) > 1) for output in made))
    if wants_bytes:
        return Answer({"Vary": "Accept"}, body, assets[0])
    bodies = [
        with_facts(_output_body(request, asset), output.facts) for asset, output in zip(assets, made, strict=True)
    ]
    plain: Facts = {"source": outcome.sources[0]}
    if message.metadata is not None:
        plain["metadata"] = message.metadata
    if isinstance(message, PacksRequest):
        plain["results"] = _pack_bodies(outcome, bodies, packs)
    else:
        plain |= {"report": outcome.made[0].report}
        plain |= bodies[0] if len(bodies) == 1 else {"outputs": bodies}
        if len(outcome.sources) > 1:
            plain["sources"] = outcome.sources
    return Answer({"Vary": "Accept"}, msgspec.json.encode(plain))


def _pack_bodies(outcome: Outcome, bodies: Sequence[Facts], packs: Sequence[str | None]) -> list[Facts]:
    owners = [(pack, part) for pack, part in zip(packs, outcome.made, strict=True) for _ in part.outputs]
    return [{"packId": pack, **body, "report": part.report} for (pack, part), body in zip(owners, bodies, strict=True)]


def _begin_to_store(request: HttpRequest, output: Output, options: OutputOptions) -> Coming:
    """Take a result out of the request's folder, which is about to go, and let it be stored from there."""
    services = services_of(request)
    asset_id = services.assets.new_id()
    aside = Path(output.path).rename(services.work_folder / f"coming-{asset_id}")

    async def store() -> Asset:
        try:
            given = replace(output, path=str(aside))
            return await patiently(lambda: _store(request, given, options, many=False, id=asset_id))
        finally:
            aside.unlink(missing_ok=True)

    services.assets.begin(asset_id, store())
    return Coming(asset_id, _filename(output, options, many=False), output.media_type, output.sha256)


async def _store(
    request: HttpRequest, output: Output, options: OutputOptions, many: bool, id: str | None = None
) -> Asset:
    assets: Assets = services_of(request).assets
    services_of(request).metrics.bytes_out.inc(output.size)
    return await assets.add(
        Path(output.path),
        id=id or assets.new_id(),
        tenant=key_of(request).tenant,
        filename=_filename(output, options, many),
        format=output.format,
        media_type=output.media_type,
        size=output.size,
        sha256=output.sha256,
        facts=output.facts,
        public=options.public,
        ttl_seconds=options.ttl_seconds,
    )


def _filename(output: Output, options: OutputOptions, many: bool) -> str:
    """The name asked for with the result's own ending; one name for many results gets their own before it."""
    if options.filename is None:
        return clean_name(output.name) or DEFAULT_NAME
    own = PurePosixPath(output.name)
    stem = PurePosixPath(clean_name(options.filename) or DEFAULT_NAME).stem
    return clean_name(f"{stem}-{own.stem}{own.suffix}" if many else f"{stem}{own.suffix}") or DEFAULT_NAME


def _output_body(request: HttpRequest, asset: Asset) -> OutputBody:
    return OutputBody(
        asset_id=asset.id,
        url=asset_url(request, asset),
        expires_at=asset.expires_at,
        filename=asset.filename,
        format=asset.format,
        mime_type=asset.media_type,
        size_bytes=asset.size,
    )

"""Answers of processing requests: stored results as JSON, or their bytes (NA-27, NA-28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from litestar import Response
from litestar.response import Stream
from msgspec import Struct
from msgspec.structs import replace

from filemill.task import Outcome, Output
from filemill_server.assets import Asset
from filemill_server.browsers import guarding_headers
from filemill_server.messages import OutputOptions, Request
from filemill_server.names import content_disposition
from filemill_server.negotiation import prefers_bytes
from filemill_server.outages import patiently
from filemill_server.results import output_bodies, outputs_of, result_body, said_of, store_all, store_one
from filemill_server.services import Services, base_url, key_of, services_of
from filemill_server.wire import HttpRequest

VARY = "Accept, Prefer"
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

    @property
    def status(self) -> int:
        """Its HTTP status: 202 where it tells of a job that has not ended."""
        return 202 if "Location" in self.headers else 200

    async def response(self, request: HttpRequest) -> Response[bytes] | Stream:
        """Make the response; an asset's bytes come from memory where they are held, else from the store.

        Raises:
            FileNotFoundError: they are in the store no more.
        """
        if self.asset is None:
            return Response(self.body, status_code=self.status, headers=self.headers, media_type="application/json")
        headers = self.headers | {
            "X-Asset-Id": self.asset.id,
            "ETag": f'"{self.asset.sha256}"',
            "Content-Disposition": content_disposition(self.asset.filename, self.asset.media_type),
            **guarding_headers(self.asset.media_type),
        }
        if self.body or isinstance(self.asset, Coming):  # a text without letters has no bytes
            return Response(self.body, status_code=200, headers=headers, media_type=self.asset.media_type)
        headers["Content-Length"] = str(self.asset.size)
        stream = await services_of(request).storage.begin(self.asset.storage_name)
        return Stream(stream, status_code=200, headers=headers, media_type=self.asset.media_type)


async def answer(
    request: HttpRequest, outcome: Outcome, message: Request, packs: Sequence[str | None] | None, *, kept: bool
) -> Answer:
    """Store what a task made and say so, in the form the request prefers.

    Args:
        request: who asks, and its `Accept`.
        outcome: of the task.
        message: the request's output options and metadata.
        packs: the pack of each pipeline, where many were asked for at once.
        kept: whether the answer will be given again, and so rests on what is stored. Bytes that are in the
            caller's hands are else stored after they are sent: a disk's syncs take as long as a picture.
    """
    services = services_of(request)
    tenant = key_of(request).tenant
    outputs = outputs_of(outcome)
    wants_bytes = len(outputs) == 1 and prefers_bytes(request.headers.get("accept"))
    held = wants_bytes and outputs[0].size <= _IN_MEMORY
    body = Path(outputs[0].path).read_bytes() if held else b""  # just written, so that it comes from memory
    if held and not kept and services.assets.coming < _MOST_COMING:
        return Answer({"Vary": VARY}, body, _begin_to_store(services, outputs[0], message.output, tenant))
    assets = await store_all(services, outputs, message.output, tenant)
    if wants_bytes:
        return Answer({"Vary": VARY}, body, assets[0])
    bodies = output_bodies(services, base_url(request), assets, outputs)
    return Answer({"Vary": VARY}, msgspec.json.encode(result_body(outcome, bodies, message.metadata, packs)))


async def answer_of(request: HttpRequest, result: str, headers: Mapping[str, str]) -> Answer:
    """Say what a job made, in the form the request prefers: its JSON, or the bytes of its one file."""
    told = {"Vary": VARY, **headers}
    if prefers_bytes(request.headers.get("accept")):
        asset_id = msgspec.json.decode(result, type=_One).asset_id
        if asset_id is not None and (asset := await services_of(request).assets.get(asset_id)) is not None:
            return Answer(told, b"", asset)
    return Answer(told, result.encode())


class _One(Struct, rename="camel"):
    asset_id: str | None = None


def _begin_to_store(services: Services, output: Output, options: OutputOptions, tenant: str) -> Coming:
    """Take a result out of the request's folder, which is about to go, and let it be stored from there."""
    asset_id = services.assets.new_id()
    aside = Path(output.path).rename(services.work_folder / f"coming-{asset_id}")
    said = said_of(output, options, tenant, many=False)

    async def store() -> Asset:
        try:
            given = replace(output, path=str(aside))
            return await patiently(lambda: store_one(services, given, said, id=asset_id))
        finally:
            aside.unlink(missing_ok=True)

    services.assets.begin(asset_id, store())
    return Coming(asset_id, said["filename"], output.media_type, output.sha256)

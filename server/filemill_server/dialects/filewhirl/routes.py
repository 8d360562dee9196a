"""The one path of FileWhirl, and where its results are fetched."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post, route
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_server.assets import Asset
from filemill_server.auth import OPEN
from filemill_server.bodies import Part
from filemill_server.dialects.dialect import Dialect
from filemill_server.dialects.filewhirl.asked import read_asked
from filemill_server.dialects.filewhirl.conversions import conversions
from filemill_server.dialects.filewhirl.refusals import refuse
from filemill_server.dialects.jobs import attachment, failure_of, most_bytes, submit_one
from filemill_server.dialects.work import steps
from filemill_server.doing import working_folder
from filemill_server.jobs.one_input import format_of
from filemill_server.jobs.rows import JobRow, State
from filemill_server.messages import OutputOptions
from filemill_server.plans.usage import Charge
from filemill_server.services import base_url, key_of, services_of
from filemill_server.serving import missing_asset, serve
from filemill_server.signing import signature_in
from filemill_server.wire import Connection, HttpRequest, json_answer

_PATH = "/functions/v1/convert-api"
_PATHS = [_PATH, "/convert-api"]  # without Supabase's part, which the prefix /filewhirl makes needless (FW-01)
_MOST_BYTES = 2 << 30
"""Of a file, where the key's plan does not say otherwise (FW-18)."""
_HOUR = 3600
_QUEUED_SECONDS = 24 * _HOUR
"""How long an input waits for its job to begin (FW-42)."""
_PURPOSE = "filewhirl-poll"
_STATES = {State.QUEUED: "queued", State.RUNNING: "processing", State.SUCCEEDED: "done"}
_FRESH = {"Cache-Control": "no-store"}


@post(_PATHS, status_code=202)
async def convert(request: HttpRequest) -> Response[bytes]:
    """Accept a file (FW-10…FW-20)."""
    services = services_of(request)
    job_id = str(uuid.uuid4())
    limit = _limit(request)
    async with working_folder(services.work_folder) as folder:
        asked = await read_asked(request, folder, limit)
        possible = conversions(services.registry, asked.to)
        if not possible:
            raise invalid("/to", f"Nothing can become {asked.to!r} here.")
        if isinstance(asked.given, Part):
            await format_of(services, asked.given.path, asked.given.name, possible)
        pipelines = {source: steps(request, step) for source, step in possible.items()}
        charge = await submit_one(
            request,
            folder,
            asked.given,
            pipelines,
            OutputOptions(ttl_seconds=_HOUR, filename=asked.name),
            id=job_id,
            max_bytes=limit,
            deadline_seconds=_HOUR,
            keep_seconds=_QUEUED_SECONDS,
            credits=True,
        )
    token = services.signer.token(_PURPOSE, job_id)
    where = f"{base_url(request)}{_PATH}?{urlencode({'id': job_id, 'token': token})}"
    body = {"id": job_id, "token": token, "status": "queued", "billing": _billing(charge), "status_url": where}
    return json_answer(body, status=202, headers={**_FRESH, "Location": where})


@get(_PATHS)
async def poll(request: HttpRequest) -> Response[bytes]:
    """Tell what became of a file (FW-30…FW-36)."""
    job_id, token = (request.query_params.get(name, "") for name in ("id", "token"))
    if not job_id or not token:
        raise invalid("/id" if not job_id else "/token", "'id' and 'token' are needed, as 'status_url' has them.")
    services = services_of(request)
    if not services.signer.made_token(_PURPOSE, job_id, token):
        raise _missing()
    row = await services.jobs.find(job_id)
    if row is None or row.tenant != key_of(request).tenant:
        raise _missing()
    if not row.state.final:
        return json_answer({"status": _STATES[row.state]}, headers={**_FRESH, "Retry-After": "2"})
    if (failure := failure_of(row)) is not None:
        return json_answer({"status": "error", "error": failure.detail}, headers=_FRESH)
    return json_answer(await _done(request, row), headers=_FRESH)


async def _done(request: HttpRequest, row: JobRow) -> Mapping[str, object]:
    """Describe a result; the same until it expires, and then it is not there (FW-41, FW-43)."""
    assert row.result is not None  # it has ended, and has not failed
    result = msgspec.json.decode(row.result)
    asset = await services_of(request).assets.get(result["assetId"])
    if asset is None:
        raise _missing()
    return {
        "status": _STATES[row.state],
        "output_url": _output_url(request, asset),
        "output_size": asset.size,
        "engine": result["report"][0].get("engine") or "filemill",
    }


@route(f"{_PATH}/output/{{asset_id:str}}", http_method=["GET", "HEAD"], opt=OPEN)
async def download(request: HttpRequest, asset_id: str) -> Response[bytes] | Stream:
    """Give the bytes of a result to whoever has its signed URL (FW-40, FW-43, FW-44)."""
    services = services_of(request)
    sent = signature_in(request.query_params)
    if sent is None or not services.signer.verify(asset_id, sent.expires, sent.signature):
        over = sent is not None and sent.expires <= time.time()
        detail = "The link has expired." if over else "The link's signature is wrong."
        raise FilemillError(ErrorCode.FORBIDDEN, detail)
    asset = await services.assets.get(asset_id)
    if asset is None:
        raise missing_asset()
    return await serve(request, asset, attachment(asset.filename), refuse)


def secret_of(connection: Connection) -> str | None:
    """Find the secret of a key; other headers of authentication mean nothing here (FW-02)."""
    return connection.headers.get("x-api-key", "").strip() or None


def _limit(request: HttpRequest) -> int:
    """Return how many bytes a file may have.

    Raises:
        FilemillError: `QUOTA_EXCEEDED` where the key's plan is no more (FW-55).
    """
    try:
        return most_bytes(request, _MOST_BYTES)
    except FilemillError as error:
        raise FilemillError(ErrorCode.QUOTA_EXCEEDED, error.detail, reason="subscription_inactive") from error


def _billing(charge: Charge) -> str:
    """Tell what pays for a job (FW-15)."""
    if charge.credits:
        return "credits"
    return "plan" if charge.policies else "free"


def _output_url(request: HttpRequest, asset: Asset) -> str:
    assert asset.expires_at is not None  # it is kept for an hour
    expires = int(asset.expires_at.timestamp())
    signed = {"expires": expires, "signature": services_of(request).signer.sign(asset.id, expires)}
    return f"{base_url(request)}{_PATH}/output/{asset.id}?{urlencode(signed)}"


def _missing() -> FilemillError:
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such job, its token is another, or it is forgotten.")


FILEWHIRL = Dialect(name="filewhirl", routes=(convert, poll, download), secret=secret_of, refuse=refuse)

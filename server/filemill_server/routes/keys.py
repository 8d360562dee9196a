"""`/v1/keys` for admin keys, and what each key sees of itself: `/v1/usage`, `/v1/domains` (NA-60, NA-62)."""

from __future__ import annotations

from datetime import UTC, datetime

from litestar import Response, delete, get, post, put

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.faults import convert
from filemill_server.bodies import read_body
from filemill_server.doing import working_folder
from filemill_server.key_forms import KeyFieldError
from filemill_server.plans.sizes import task_limits
from filemill_server.plans.views import DomainList, KeyBody, KeyList, KeyRequest, NewKeyBody, UsageBody
from filemill_server.services import file_limit_of, key_of, plan_of, services_of
from filemill_server.wire import HttpRequest, json_answer

_NOT_KEPT = {"Cache-Control": "no-store"}
_BODY_BYTES = 64 << 10


@get("/usage")
async def read_usage(request: HttpRequest) -> Response[bytes]:
    """Show what the key's plan allows and what is used of it."""
    services, key, plan = services_of(request), key_of(request), plan_of(request)
    body = UsageBody.of(
        key,
        plan,
        await services.usage.standing(key),
        max_file_bytes=int(file_limit_of(request)),
        max_pixels=task_limits(services.limits, plan).max_pixels,
    )
    return json_answer(body, headers=_NOT_KEPT)


@get("/keys")
async def list_keys(request: HttpRequest) -> Response[bytes]:
    """List all keys."""
    _require_admin(request)
    keys = await services_of(request).keys.list()
    return json_answer(KeyList(keys=[KeyBody.of(key) for key in keys]), headers=_NOT_KEPT)


@post("/keys", status_code=201)
async def add_key(request: HttpRequest) -> Response[bytes]:
    """Make a key. An admin key is made on the command line alone."""
    _require_admin(request)
    services = services_of(request)
    async with working_folder(services.work_folder) as folder:
        body = await read_body(request, folder, limit=_BODY_BYTES, structs=(KeyRequest,))
    if body.files or body.parts:
        raise invalid("", "A key is made of what the request says; it brings no file.")
    asked: KeyRequest = convert(body.parameters, KeyRequest, strict=body.strict)
    if asked.expires_at is not None and asked.expires_at <= datetime.now(UTC):
        raise invalid("/expiresAt", "This moment is past.")
    try:
        key, secret = await services.keys.create(
            name=asked.name,
            plan=asked.plan,
            dialect=asked.dialect,
            prefix=asked.prefix,
            expires_at=asked.expires_at,
            test=asked.test,
            signed=asked.signed,
        )
    except KeyFieldError as error:
        sentence = str(error)
        raise invalid(f"/{error.field}", f"{sentence[0].upper()}{sentence[1:].rstrip('.')}.") from None
    made = NewKeyBody(key=secret, app_secret=services.keys.app_secret(key), about=KeyBody.of(key))
    return json_answer(made, status=201, headers={**_NOT_KEPT, "Location": f"/v1/keys/{key.id}"})


@delete("/keys/{key_id:str}", status_code=204)
async def revoke_key(request: HttpRequest, key_id: str) -> None:
    """End a key."""
    _require_admin(request)
    if await services_of(request).keys.revoke(key_id) is None:
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such key.")


@get("/domains")
async def list_domains(request: HttpRequest) -> Response[bytes]:
    """List the domains that the tenant's sources may come from."""
    found = await services_of(request).domains.of(key_of(request).tenant)
    body = DomainList(domains=list(found), allowed_domains=plan_of(request).allowed_domains)
    return json_answer(body, headers=_NOT_KEPT)


@put("/domains/{domain:str}", status_code=204)
async def allow_domain(request: HttpRequest, domain: str) -> None:
    """Allow a domain and its subdomains."""
    await services_of(request).domains.add(key_of(request).tenant, domain, plan_of(request))


@delete("/domains/{domain:str}", status_code=204)
async def remove_domain(request: HttpRequest, domain: str) -> None:
    """Allow a domain no more."""
    if not await services_of(request).domains.remove(key_of(request).tenant, domain):
        raise FilemillError(ErrorCode.NOT_FOUND, "This domain is not allowed.")


def _require_admin(request: HttpRequest) -> None:
    if not key_of(request).admin:
        raise FilemillError(ErrorCode.FORBIDDEN, "Keys are managed with an admin key: filemill keys create --admin.")

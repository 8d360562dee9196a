"""`/v1/webhooks`: what signs webhooks, and the endpoints that get none any more (NC-08)."""

from __future__ import annotations

import structlog
from litestar import Response, get, post

from filemill.errors import ErrorCode, FilemillError
from filemill_server.services import key_of, services_of
from filemill_server.webhooks.endpoints import DisabledEndpoint
from filemill_server.webhooks.tenant_secrets import TenantSecret
from filemill_server.webhooks.views import DisabledEndpointBody, DisabledEndpointList, WebhookSecretBody
from filemill_server.wire import HttpRequest, json_answer

PAGE = 100

log = structlog.get_logger("filemill.webhooks")


@get("/webhooks/secret")
async def read_secret(request: HttpRequest) -> Response[bytes]:
    """Show the secret that signs the caller's webhooks; the first time it is made."""
    try:
        return _secret_answer(await services_of(request).webhook_secrets.get(key_of(request).tenant))
    except ValueError as error:
        log.exception("webhook_secret_unreadable")
        raise FilemillError(
            ErrorCode.INTERNAL_ERROR, f"{error} Make a new one: POST /v1/webhooks/secret/rotate."
        ) from error


@post("/webhooks/secret/rotate", status_code=200)
async def rotate_secret(request: HttpRequest) -> Response[bytes]:
    """Make a new secret; for 24 hours the one before signs beside it."""
    return _secret_answer(await services_of(request).webhook_secrets.rotate(key_of(request).tenant))


@get("/webhooks/endpoints")
async def list_disabled_endpoints(request: HttpRequest) -> Response[bytes]:
    """List own endpoints that answered 410, newest first, a page at a time."""
    cursor = request.query_params.get("cursor")
    found, after = await services_of(request).webhook_endpoints.list(key_of(request).tenant, cursor, PAGE)
    body = DisabledEndpointList(endpoints=[_endpoint_body(endpoint) for endpoint in found], next_cursor=after)
    link = {"Link": f'<{request.url.path}?cursor={after}>; rel="next"'} if after else {}
    return json_answer(body, headers=link)


@post("/webhooks/endpoints/{endpoint_id:str}/enable", status_code=204)
async def enable_endpoint(request: HttpRequest, endpoint_id: str) -> None:
    """Send to an endpoint again. Messages that it refused are not sent anew."""
    if not await services_of(request).webhook_endpoints.enable(key_of(request).tenant, endpoint_id):
        raise FilemillError(ErrorCode.NOT_FOUND, "There is no such endpoint, or it is not disabled.")


def _secret_answer(secret: TenantSecret) -> Response[bytes]:
    body = WebhookSecretBody(secret=secret.secret, created_at=secret.created_at, previous_until=secret.previous_until)
    return json_answer(body, headers={"Cache-Control": "no-store"})


def _endpoint_body(endpoint: DisabledEndpoint) -> DisabledEndpointBody:
    return DisabledEndpointBody(endpoint_id=endpoint.id, url=endpoint.url, since=endpoint.since, reason=endpoint.reason)

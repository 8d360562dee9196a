"""Who asks: keys in `Authorization: Bearer` or `X-API-Key` (NA-01)."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.keys import Key
from filemill_server.services import Services
from filemill_server.wire import Connection

OPEN = {"open": True}
"""The `opt` of a route that answers without a key, or looks for one itself (NA-02)."""


async def require_key(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route that is not `OPEN`; puts the key into the request's state.

    Raises:
        FilemillError: `UNAUTHORIZED`.
    """
    if not handler.opt.get("open") and await find_key(connection) is None:
        sent = sent_key(connection) is not None
        detail = (
            "The key is unknown, expired or revoked."
            if sent
            else "A key is needed: send `Authorization: Bearer KEY` or `X-API-Key: KEY`."
        )
        raise FilemillError(ErrorCode.UNAUTHORIZED, detail, sent=sent)


async def find_key(connection: Connection) -> Key | None:
    """Return the valid key that a request carries, and remember it in the request's state.

    A key that is bound to a dialect is unknown here (DX-05).
    """
    secret = sent_key(connection)
    services: Services = connection.app.state.services
    key = await services.keys.find(secret) if secret else None
    if key is not None and key.dialect is not None:
        return None
    if key is not None:
        connection.scope["state"]["key"] = key
    return key


def sent_key(connection: Connection) -> str | None:
    """Return the secret a request carries, valid or not."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    return connection.headers.get("x-api-key", "").strip() or None

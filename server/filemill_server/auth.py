"""Who asks: keys in `Authorization: Bearer` or `X-API-Key` (NA-01), and signed URLs on behalf of one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from litestar.handlers import BaseRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.keys import Key
from filemill_server.services import Services
from filemill_server.signing import Use, signature_in
from filemill_server.wire import Connection

OPEN = {"open": True}
"""The `opt` of a route that answers without a key, or looks for one itself (NA-02)."""

SIGNED = {"signed": True}
"""The `opt` of a route that also answers by a URL that was signed for uploads."""
_SIGNATURE = ("key", "expires", "signature")


async def require_key(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route that is not `OPEN`; puts the key into the request's state.

    Raises:
        FilemillError: `UNAUTHORIZED`.
    """
    if handler.opt.get("open") or await find_key(connection) is not None:
        return
    sent = sent_key(connection) is not None
    detail = "A key is needed: send `Authorization: Bearer KEY` or `X-API-Key: KEY`."
    if sent:
        detail = "The key is unknown, expired or revoked."
    elif handler.opt.get("signed") and "signature" in connection.query_params:
        if await _key_of_signature(connection) is not None:
            return
        detail = "The URL's signature is wrong, its time is over, or the key that it was made for works no more."
    raise FilemillError(ErrorCode.UNAUTHORIZED, detail, sent=sent)


async def find_key(connection: Connection) -> Key | None:
    """Return the valid key that a request carries, and remember it in the request's state.

    A key that is bound to a dialect is unknown here (DX-05).
    """
    secret = sent_key(connection)
    services: Services = connection.app.state.services
    return _remembered(connection, await services.keys.find(secret) if secret else None)


async def _key_of_signature(connection: Connection) -> Key | None:
    """Return the valid key on whose behalf a URL was signed, as `find_key` does."""
    services: Services = connection.app.state.services
    sent = signature_in(connection.query_params)
    if sent is None or not services.signer.verify(sent.key, sent.expires, sent.signature, Use.UPLOAD):
        return None
    # What is left are parameters, as they stand in a query beside a file.
    pairs = parse_qsl(connection.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    rest = [(name, value) for name, value in pairs if name not in _SIGNATURE]
    connection.scope["query_string"] = urlencode(rest).encode()
    return _remembered(connection, await services.keys.get(sent.key))


def _remembered(connection: Connection, key: Key | None) -> Key | None:
    if key is None or key.dialect is not None:
        return None
    connection.scope["state"]["key"] = key
    return key


def sent_key(connection: Connection) -> str | None:
    """Return the secret a request carries, valid or not."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    return connection.headers.get("x-api-key", "").strip() or None

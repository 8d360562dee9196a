"""Who asks: a key in `X-API-Key` (IX-01)."""

from __future__ import annotations

from filemill_server.wire import Connection

NAME = "imgstax"


def secret(connection: Connection) -> str | None:
    """Return the secret that a request carries, valid or not."""
    return connection.headers.get("x-api-key", "").strip() or None

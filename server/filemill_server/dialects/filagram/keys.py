"""Where Filagram's clients send their keys, and what these look like (FG-02…FG-04)."""

from __future__ import annotations

from filemill_server.wire import Connection

_PREFIXES = ("sk_live_", "sk_test_")


def secret(connection: Connection) -> str | None:
    """Return the key of a request.

    It is "" where a bearer token is none of Filagram's: no key is found by that, while the request is still one
    for Filagram, and not for who has its keys elsewhere (DX-02).
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    return token if token.startswith(_PREFIXES) else ""

"""What a connection to a stranger's server may do."""

from __future__ import annotations

from msgspec import Struct

from filemill_server.fetch.addresses import Network

WEB_PORTS = frozenset({80, 443})
"""Of http and https."""


class ConnectionPolicy(Struct, frozen=True, kw_only=True):
    """What may be connected to, and how long that may take.

    Fields:
        connect_timeout_seconds: for the name and the connection of one hop, and again for its TLS handshake.
        allow_networks: networks that may be connected to although they are not public, on any port.
        allow_ports: ports of public addresses.
    """

    connect_timeout_seconds: float = 5.0
    allow_networks: tuple[Network, ...] = ()
    allow_ports: frozenset[int] = WEB_PORTS


class FetchPolicy(ConnectionPolicy, frozen=True, kw_only=True):
    """What a fetch may do and how long.

    Fields:
        max_bytes: largest file, bytes after any gzip coding is undone.
        timeout_seconds: for the whole transfer: names, redirects and body.
        max_redirects: redirects that are followed.
        hosts: names in ASCII; every hop leads to one of them or below one. None: to any.
    """

    max_bytes: int
    timeout_seconds: float = 20.0
    max_redirects: int = 5
    hosts: tuple[str, ...] | None = None

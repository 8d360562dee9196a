"""Ports for servers that are stopped and started again."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack

# Below the range that outgoing connections take theirs from: while a server is stopped, none of them gets its port, nor
# meets itself there.
_FIRST, _LAST = 15_000, 32_000
_TRIES = 100


def free_port(count: int = 1) -> int:
    """Return a port of 127.0.0.1 that nobody listens on, the first of `count` such in a row."""
    for _ in range(_TRIES):
        first = random.randrange(_FIRST, _LAST - count)
        if _are_free(range(first, first + count)):
            return first
    raise RuntimeError(f"there are no {count} free ports in a row")


def _are_free(ports: Sequence[int]) -> bool:
    with ExitStack() as stack:
        try:
            for port in ports:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

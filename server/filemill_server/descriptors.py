"""How many connections this process can have open: a descriptor each, and one more for the body that comes on it."""

from __future__ import annotations

import resource

_OWN = 512  # of databases, workers, logs and files that are being stored or sent
_FEWEST = 16


def make_room(connections: int) -> int:
    """Raise the soft limit of open files as far as that is needed, and return how many connections there can be.

    Args:
        connections: how many are wanted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + _OWN
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    return min(connections, max(_FEWEST, (soft - _OWN) // 2))

"""The worker processes of a server."""

from __future__ import annotations

from filemill.pool import Pool
from filemill_server.settings import Settings, limits


def pool_of(settings: Settings, *, reserved: int = 0) -> Pool:
    """Make the pool that the settings ask for, not started.

    Args:
        settings: of the server.
        reserved: workers that jobs leave to requests: a request is not to wait behind hours of work.
    """
    return Pool(
        workers=settings.workers,
        queue=settings.queue,
        limits=limits(settings),
        blocked=settings.blocked_plugins,
        reserved=reserved,
    )

"""The worker processes of a server."""

from __future__ import annotations

from filemill.pool import Pool
from filemill_server.settings import Settings, limits


def pool_of(settings: Settings) -> Pool:
    """Make the pool that the settings ask for; it is not started."""
    return Pool(
        workers=settings.workers,
        queue=settings.queue,
        limits=limits(settings),
        blocked=settings.blocked_plugins,
    )

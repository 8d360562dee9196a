"""A job's changes as server-sent events (NA-50)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import blake2s

import msgspec

from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.views import job_body
from filemill_server.jobs.watching import Watch

EVENT = "job"
"""The name of every event."""
HEARTBEAT_SECONDS = 15.0
"""Proxies take a connection for dead on which nothing comes for a minute, some of them for half of one."""


async def job_events(watch: Watch, id: str, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> AsyncGenerator[bytes]:
    """Give the job now and after each change until it has ended; where nothing changes, a comment at times.

    The id of an event is made of its data: who comes back knows an event that they have seen.
    """
    given: JobRow | None = None
    async with aclosing(watch.changes(id, heartbeat_seconds)) as changes:
        async for row in changes:
            if row is given:
                yield b":\n\n"
                continue
            given = row
            data = msgspec.json.encode(job_body(row))
            digest = blake2s(data, digest_size=8).hexdigest().encode()
            yield b"event: %b\nid: %b\ndata: %b\n\n" % (EVENT.encode(), digest, data)

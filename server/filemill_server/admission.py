"""Who is let in while there is more to do than can be done: a request is refused by its head, for the price of that.

To find its key, count its unit and read its body costs a hundred times as much, and takes it from the work of others.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from filemill.errors import ErrorCode, FilemillError
from filemill.pool import Pool
from filemill_server.dialects.front import Front
from filemill_server.observe import Metrics
from filemill_server.problems import MEDIA_TYPE, problem
from filemill_server.wire import HttpRequest

log = structlog.get_logger("filemill.http")

ARRIVAL_SECONDS = 1.0
"""For so long a place is held for a request whose body is still on its way: who sends slowly holds none."""
HEALTH = ("/health/live", "/health/ready")
_ARRIVAL = "arrival"
_TOLD_SECONDS = 1.0

Headers = Sequence[tuple[bytes, bytes]]


class Arrival:
    """A place that is held for the work of a request that is being read."""

    def __init__(self, pool: Pool) -> None:
        self._pool: Pool | None = pool
        pool.expected += 1
        self._timer = asyncio.get_running_loop().call_later(ARRIVAL_SECONDS, self.end)

    def end(self) -> None:
        """Let go of the place; once."""
        if self._pool is not None:
            self._pool.expected -= 1
            self._pool = None
            self._timer.cancel()


class Admission:
    """Decides which requests are refused before anything is done for them.

    Who asks in the head for a job waits for no worker, and is let in.

    Args:
        front: knows which requests are the native API's; dialects refuse in words of their own.
        pool: the workers.
        operations: names of those that have a path of their own.
        metrics: count what is refused.
        waits_become_jobs: whether requests that wait too long become jobs: then none is refused for its work.

    Attributes:
        max_connections: more than these are answered about health alone.
        stall_seconds: a connection has to get on within this time.
    """

    def __init__(
        self,
        front: Front,
        pool: Pool,
        operations: Iterable[str],
        metrics: Metrics,
        *,
        waits_become_jobs: bool,
        max_connections: int,
        stall_seconds: float,
    ) -> None:
        self._front = front
        self._pool = pool
        self._paths = {f"/v1/{name}" for name in (*operations, "process", "packs")}
        self._metrics = metrics
        self._judges_work = not waits_become_jobs
        self.max_connections = max_connections
        self.stall_seconds = stall_seconds
        self._untold = 0
        self._told_at = 0.0

    def refusal(self, scope: dict[str, Any], *, surplus: bool) -> bytes | None:
        """Return what a request is refused with, a whole answer; None where it is let in.

        Args:
            scope: of the request: its method, path, query and headers.
            surplus: whether its connection is one too many.
        """
        if surplus and scope["path"] not in HEALTH:
            error = FilemillError(
                ErrorCode.OVERLOADED, f"The server has its {self.max_connections} connections.", retry_after=1
            )
            return self._answer(scope, error, close=True)
        if (path := self._path_of_work(scope)) is None:
            return None
        if (full := self._pool.refusal()) is not None:
            return self._answer(scope, full, route=path if path in self._paths else "/v1/packs/{pack_id}")
        scope["state"][_ARRIVAL] = Arrival(self._pool)
        return None

    def _path_of_work(self, scope: dict[str, Any]) -> str | None:
        """Return the path of a request whose caller waits for a worker, as far as its head says."""
        if scope["method"] != "POST" or not self._judges_work or b"webhook" in scope["query_string"]:
            return None
        path = self._front.native_path(scope)
        if path is None or not (path in self._paths or path.startswith("/v1/packs/")):
            return None
        return None if any(name == b"prefer" for name, _ in scope["headers"]) else path

    def _answer(
        self, scope: dict[str, Any], error: FilemillError, *, route: str = "unknown", close: bool = False
    ) -> bytes:
        request_id = secrets.token_hex(16)
        body, headers = problem(error, request_id=request_id, path=scope["path"])
        data = msgspec.json.encode(body)
        headers |= {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(data)), "X-Request-Id": request_id}
        if close:
            headers["Connection"] = "close"
        self._metrics.requests.labels(scope["method"], route, error.code.status).inc()
        self._tell(error)
        lines = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {error.code.status} Service Unavailable\r\n{lines}\r\n".encode() + data

    def _tell(self, error: FilemillError) -> None:
        """Log refusals together: a line of each would be one more load."""
        self._untold += 1
        if (now := time.monotonic()) - self._told_at >= _TOLD_SECONDS:
            log.warning("requests_refused", count=self._untold, reason=error.detail)
            self._untold, self._told_at = 0, now


def has_arrived(request: HttpRequest) -> None:
    """Note that a request has been read: its work has, or will at once have, a place of its own."""
    end_arrival(request.scope["state"])


def end_arrival(state: dict[str, Any]) -> None:
    """Let go of the place that is held for a request, where one is."""
    with suppress(KeyError):
        state.pop(_ARRIVAL).end()

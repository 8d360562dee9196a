"""What is seen of each request: its id, a log line, and the metrics."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from filemill_server.wire import CLIENT_GONE

log = structlog.get_logger("filemill.access")

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{1,128}$")
_TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_QUIET = ("/health/live", "/health/ready", "/metrics")


_PARAMETER = re.compile(r"\{(\w+)")


class Metrics:
    """The counters behind `/metrics`; one object an application, so that tests don't share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "filemill_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "filemill_request_seconds",
            "Seconds from the first byte of a request to the last of its answer.",
            ["route"],
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.tasks = Counter(
            "filemill_tasks", "Tasks that workers finished, by outcome.", ["outcome"], registry=self.registry
        )
        self.admitted = Gauge("filemill_tasks_admitted", "Tasks in workers and in the queue.", registry=self.registry)
        self.webhooks = Counter(
            "filemill_webhook_attempts", "Attempts at webhooks, by outcome.", ["outcome"], registry=self.registry
        )
        self.bytes_in = Counter("filemill_input_bytes", "Bytes of input files.", registry=self.registry)
        self.bytes_out = Counter("filemill_output_bytes", "Bytes of results.", registry=self.registry)


class Observe:
    """Gives each request an id, answers it in `X-Request-Id`, writes one log line and counts.

    It stands around the whole application, so that it sees what no route was found for as well.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        sent = headers.get(b"x-request-id", b"")
        request_id = sent.decode() if _REQUEST_ID.match(sent) else secrets.token_hex(16)
        traceparent = headers.get(b"traceparent", b"")
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        extra = [(b"x-request-id", request_id.encode())]
        if _TRACEPARENT.match(traceparent):
            structlog.contextvars.bind_contextvars(trace_id=traceparent.split(b"-")[1].decode())
            extra.append((b"traceparent", traceparent))
        status = CLIENT_GONE

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: HTTPScope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template") or "unknown")
        method = str(scope["method"])
        self.metrics.requests.labels(method, route, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        if scope["path"] not in _QUIET:
            key = scope["state"].get("key")
            log.info(
                "request",
                method=method,
                path=_shown(scope["path"], route),
                status=status,
                milliseconds=round(seconds * 1000, 1),
                key_id=key.id if key is not None else None,
            )


def _shown(path: str, route: str) -> str:
    """Return what a log may show of a path: it itself where all that a caller can choose in it are ids.

    Else it is the route: paths of dialects hold keys, signatures and whole URLs with what opens them, and what
    follows a path that there isn't may be anything.
    """
    chosen = _PARAMETER.findall(route)
    return path if chosen and all(name.endswith("_id") for name in chosen) else route

"""A receiver of webhooks for tests of a live server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Message = tuple[dict[str, str], bytes]


class Inbox(ThreadingHTTPServer):
    """A receiver on 127.0.0.1: what came, and what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Letter)
        self.came: list[Message] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?token=hidden"

    def wait(self, count: int) -> Message:
        """Wait until so many messages have come; the last of them."""
        until = time.monotonic() + 30
        while len(self.came) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.came) == count
        return self.came[-1]


class Letter(BaseHTTPRequestHandler):
    """One message."""

    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving_in_thread() -> Iterator[Inbox]:
    """Run an inbox."""
    with Inbox() as inbox:
        thread = Thread(target=inbox.serve_forever)
        thread.start()
        try:
            yield inbox
        finally:
            inbox.shutdown()
            thread.join()

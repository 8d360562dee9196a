"""HTTP as it comes from the network, bounded in size and time where the HTTP server itself is not."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_SILENT_BYTES = 64 << 10
"""Bytes of a head, of trailers or of anything else that is no body; read in pieces of at most 256 KiB."""
STALL_SECONDS = 30.0
"""A head has to be complete, and more of a body to come, within this time and at most twice of it."""


class Protocol(HttpToolsProtocol):
    """One connection. It ends where a head or trailers have no end, and where the sender falls silent.

    A body that the server itself does not read, because it is busy, may take as long as it does.
    """

    _silent = 0
    _received = 0
    _requests = 0
    _in_head = True
    _in_message = True
    _seen: tuple[int, int] | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to look after the connection."""
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to look after it."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and refuse a head without end."""
        self._received += len(data)
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MAX_SILENT_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._requests += 1
        self._in_head = self._in_message = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End a head."""
        self._silent = 0
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body: as it is where nothing waits before it, for uvicorn would copy it twice."""
        self._silent = 0
        cycle: RequestResponseCycle = self.cycle
        if cycle.body or cycle.response_complete:
            super().on_body(body)
            return
        cycle.body = body  # type: ignore[assignment]
        if len(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """End a request."""
        self._silent = 0
        self._in_message = False
        super().on_message_complete()

    def _look(self) -> None:
        """Refuse a sender who has not got on since the last look."""
        now = (self._requests, 0 if self._in_head else self._received)
        if self._in_message and now == self._seen and not self.flow.read_paused:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._seen = now
            self._timer = self.loop.call_later(STALL_SECONDS, self._look)

    def _refuse(self, status: HTTPStatus) -> None:
        """Close the connection, with an answer where none has been begun."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()

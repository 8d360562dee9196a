"""HTTP as it comes from the network, bounded in size and time where the HTTP server itself is not."""

from __future__ import annotations

import asyncio
import random
from http import HTTPStatus
from typing import Any, cast

import httptools
from litestar import Litestar
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from filemill_server.admission import Admission, end_arrival
from filemill_server.progress import Progress

MAX_SILENT_BYTES = 64 << 10
"""Bytes of a head, of trailers or of anything else that is no body; read in pieces of at most 256 KiB."""
_TURNED_AWAY = 64  # connections beyond the limit that may still ask for health; all others are closed at once
_SURPLUS_SECONDS = 1.0
_SPREAD = 1.1  # of the time after which a connection is first looked at
_TAKEN_ALL_THE_SAME = 1 << 20  # bytes of a refused body, for which the connection is kept
_LINGER_SECONDS = 1.0  # in which who sends a larger one can read that it is refused
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """One connection. It ends where a head or trailers have no end, and where either side does not get on.

    A body that the server itself does not read, because it is busy, may take as long as it does.
    """

    _silent = 0
    _surplus = False
    _refused = False
    _leaving = False
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._admission: Admission = cast(Litestar, self.config.app).state.admission
        self._progress = Progress(self._admission.stall_seconds)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to look after the connection."""
        super().connection_made(transport)
        beyond = len(self.connections) - self._admission.max_connections
        if beyond > _TURNED_AWAY:
            transport.write(_FULL)
            transport.close()
            return
        self._surplus = beyond > 0
        # Many that came at once, as after a restart, and say nothing, neither end nor come again at once.
        seconds = _SURPLUS_SECONDS if self._surplus else self._admission.stall_seconds * random.uniform(1, _SPREAD)  # noqa: S311
        self._progress.stuck(0)
        self._timer = self.loop.call_later(seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to look after it."""
        if self._timer is not None:
            self._timer.cancel()
        if self.scope is not None:
            end_arrival(self.scope["state"])
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and refuse a head without end."""
        self._progress.received += len(data)
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MAX_SILENT_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._progress.begin_message()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End a head; the request is begun, or refused at once."""
        self._silent = 0
        self._progress.in_head = False
        if self._leaving:
            return
        cycle: RequestResponseCycle | None = self.cycle
        idle = cycle is None or cycle.response_complete
        if idle and (refusal := self._admission.refusal(self._judged(), surplus=self._is_surplus())) is not None:
            self._turn_away(refusal)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body: as it is where nothing waits before it, for uvicorn would copy it twice."""
        self._silent = 0
        if self._refused:
            return
        cycle: RequestResponseCycle = self.cycle
        if cycle.body or cycle.response_complete:
            super().on_body(body)
        else:
            cycle.body = body  # type: ignore[assignment]
            if len(body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()
        self._progress.held_up |= self.flow.read_paused

    def on_message_complete(self) -> None:
        """End a request."""
        self._silent = 0
        self._progress.in_message = False
        if self._leaving:
            return
        if self._refused:
            self._refused = False
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """End an answer."""
        end_arrival(self.scope["state"])
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Note that the reader has taken what lay here for it."""
        self._progress.resumed = True
        super().resume_writing()

    def _judged(self) -> dict[str, Any]:
        """Return a request by which it can be told who answers it; the whole of it is made where it is let in."""
        url = httptools.parse_url(self.url)
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["path"] = url.path.decode("ascii")
        self.scope["query_string"] = url.query or b""
        return cast("dict[str, Any]", self.scope)

    def _is_surplus(self) -> bool:
        self._surplus = self._surplus and len(self.connections) > self._admission.max_connections
        return self._surplus

    def _turn_away(self, refusal: bytes) -> None:
        """Answer a request that is not begun; its body is taken and forgotten where it is small."""
        self._refused = True
        small = any(
            name == b"content-length" and value.isdigit() and int(value) <= _TAKEN_ALL_THE_SAME
            for name, value in self.headers
        )
        if small and self.parser.should_keep_alive() and not (self._surplus or self.expect_100_continue):
            self.transport.write(refusal)
            return
        head, separator, body = refusal.partition(b"\r\n\r\n")
        closing = b"" if b"\r\nconnection: close" in head else b"\r\nconnection: close"
        self.transport.write(head + closing + separator + body)
        self._leaving = True
        self.flow.pause_reading()  # closed at once, with bytes unread, the answer might be lost
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _look(self) -> None:
        """End the connection where the other side has not got on since the last look."""
        buffered = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        if self._progress.stuck(buffered, surplus=self._surplus, paused=self.flow.read_paused):
            if buffered:
                self.transport.abort()  # whoever does not read would not read the rest either
            else:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._timer = self.loop.call_later(self._admission.stall_seconds, self._look)

    def _refuse(self, status: HTTPStatus) -> None:
        """Close the connection, with an answer where none has been begun."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()

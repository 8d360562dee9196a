"""A proxy that ends TLS on 127.0.0.1 before a server that speaks plain HTTP."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PIECE = 1 << 16
_GONE = (OSError, ssl.SSLError)


@contextmanager
def tls_front(certificate: Path, port: int, target: int) -> Iterator[None]:
    """Pass what comes to a port over TLS on to another port of 127.0.0.1, unchanged.

    Args:
        certificate: with its key, as PEM.
        port: that clients connect to.
        target: of the server.
    """
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    ready = threading.Event()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        passing: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_pass_on(reader, writer, target))
            passing.add(task)
            task.add_done_callback(passing.discard)

        listening = await asyncio.start_server(accept, "127.0.0.1", port, ssl=tls)
        stopping.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        listening.close()
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10), "the proxy did not start"
        yield
    finally:
        for loop, stop in stopping:
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", target)
    try:
        ways = [asyncio.ensure_future(_copy(reader, inner_writer)), asyncio.ensure_future(_copy(inner_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
    finally:
        for end in (writer, inner_writer):
            end.close()
            with suppress(*_GONE):
                await end.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(*_GONE):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()

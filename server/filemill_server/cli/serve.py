"""`filemill serve`: the API, its workers and its upkeep in one command (NA-80)."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvloop
from msgspec.structs import replace

from filemill_server.cli.installation import settings_or_exit, tell, warn_of_root
from filemill_server.logs import configure_logs
from filemill_server.memory import keep_freed_memory
from filemill_server.settings import Settings, SettingsError
from filemill_server.workforce import pool_of

if TYPE_CHECKING:
    from filemill_server.services import Services

FIRST_KEY_NAME = "first"
SAMPLE = "sample.jpg"
_GRACE_SECONDS = 5  # beyond the deadline of work: for storing its result and answering
_LOOK_SECONDS = 0.01


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 for all of IPv4. Default: FILEMILL_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. Default: FILEMILL_PORT.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes. Default: FILEMILL_WORKERS.")
@click.option("--no-jobs", is_flag=True, help="Accept jobs but run none: `filemill worker` does, on any machine.")
def serve(host: str | None, port: int | None, workers: int | None, no_jobs: bool) -> None:
    """Start the server; it needs nothing else to run.

    Says its address, its data folder and how to send the first picture once it is ready. The first start
    makes a key and shows it. Ends on SIGTERM or SIGINT when the requests at work are answered.
    """
    settings = settings_or_exit()
    given = {"host": host, "port": port, "workers": workers}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    configure_logs(settings.log_level)
    warn_of_root()
    keep_freed_memory()
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # that it runs is said by the greeting
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        # The error of an address that is none has a number of its own, and no more than its text.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        click.echo(f"Error: can't listen on {settings.host} port {settings.port}: {reason}.", err=True)
        sys.exit(1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_serve(settings, listener, runs_jobs=not no_jobs)))


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Raises:
        OSError: the port is in use, or the address is not one of this machine.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=2048)


async def _serve(settings: Settings, listener: socket.socket, *, runs_jobs: bool) -> int:
    """Serve until a signal comes; return the exit code."""
    gc.disable()  # all that is made until the server is ready stays
    pool = pool_of(settings, reserved=1 if runs_jobs else 0)
    await pool.launch()
    # Only now what takes long to import: the workers load their libraries at the same time.
    from filemill_server.app import create_app  # noqa: PLC0415
    from filemill_server.http import make_server  # noqa: PLC0415

    try:
        app = create_app(settings, pool)
    except SettingsError as error:  # such as a dialect that no plugin brings
        tell(error)
        await pool.stop()
        return 2
    server = make_server(app, ceil(settings.deadline_seconds) + _GRACE_SECONDS)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(_LOOK_SECONDS)
    # A full collection that looked through the libraries too would hold up every request for a quarter of a second.
    gc.freeze()
    gc.enable()
    if server.started:
        services: Services = app.state.services
        click.echo(greeting(settings, listener.getsockname(), await _first_key(services)))
        if runs_jobs and services.jobs.dispatcher is not None:
            services.jobs.dispatcher.start()
    await serving
    return 0 if server.started else 1


async def _first_key(services: Services) -> str | None:
    """Make a key where there is none yet: now, as it is shown, and not before the server is ready."""
    if await services.keys.list():
        return None
    _, secret = await services.keys.create(name=FIRST_KEY_NAME)
    return secret


def greeting(settings: Settings, address: tuple[str, int], key: str | None) -> str:
    """Return what is said when the server is ready.

    Args:
        settings: of the server.
        address: host and port that it listens on.
        key: the key that was made at the first start.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address[0], address[0])  # noqa: S104 - what it listens on
    url = f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{address[1]}"
    told = f"{key}   (shown only now)" if key else "as before; another one: filemill keys create --name NAME"
    picture = SAMPLE if Path(SAMPLE).exists() else "photo.jpg"
    return f"""
filemill {version("filemill")} is ready.

  Address   {url}   (reference: {url}/docs)
  Data      {settings.data_dir}
  Key       {told}

Make a picture 800 pixels wide:

  curl -f --data-binary @{picture} -H 'Authorization: Bearer {key or "KEY"}' -H 'Accept: image/*' \
    '{url}/v1/resize?width=800' -o small.jpg
"""

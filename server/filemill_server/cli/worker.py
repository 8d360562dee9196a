"""`filemill worker`: runs jobs that servers accept, on this machine or another."""

from __future__ import annotations

import asyncio
import signal
from importlib.metadata import version

import click
import uvloop
from msgspec.structs import replace

from filemill_server.cli.installation import settings_or_exit, warn_of_root
from filemill_server.logs import configure_logs
from filemill_server.memory import keep_freed_memory
from filemill_server.settings import Settings
from filemill_server.workforce import pool_of


@click.command()
@click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes. Default: FILEMILL_WORKERS.")
def worker(workers: int | None) -> None:
    """Run jobs, and answer no requests.

    Works beside any number of `filemill serve --no-jobs` and of its own kind, over one database and one storage.
    Ends on SIGTERM or SIGINT when the jobs at work are done, or hands them back where they take too long.
    """
    settings = settings_or_exit()
    if workers is not None:
        settings = replace(settings, workers=workers)
    configure_logs(settings.log_level)
    warn_of_root()
    keep_freed_memory()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings))


async def _work(settings: Settings) -> None:
    """Run jobs until a signal comes."""
    pool = pool_of(settings)
    await pool.launch()
    # Only now what takes long to import: the workers load their libraries at the same time.
    from filemill.registry import load_registry  # noqa: PLC0415
    from filemill_server.observe import Metrics  # noqa: PLC0415
    from filemill_server.running import running  # noqa: PLC0415

    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    async with running(settings, load_registry(settings.blocked_plugins), Metrics(), pool) as services:
        assert services.jobs.dispatcher is not None
        services.jobs.dispatcher.start()
        click.echo(f"filemill {version('filemill')} runs jobs, with {pool.size} worker processes.")
        await ending.wait()

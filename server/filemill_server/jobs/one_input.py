"""A job on one input, whose pipeline is chosen by what the input turns out to be."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from filemill.errors import ErrorCode, FilemillError
from filemill.sources import Source
from filemill.task import Input
from filemill_server.inputs import Bringer
from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.work import OneInput, Order, SavedPipeline, Work
from filemill_server.services import Services


async def choose(
    services: Services,
    wanted: OneInput,
    files: Sequence[Input],
    sources: Sequence[tuple[str, Source]],
    folder: Path,
    tenant: str,
) -> tuple[Input, SavedPipeline]:
    """Bring the input, where it is not there yet, and return it with the pipeline of its format.

    Raises:
        FilemillError: `UNSUPPORTED_MEDIA` where there is no pipeline of its format; what is wrong with a source.
    """
    policy = services.fetch_policy
    policy = replace(
        policy,
        max_bytes=min(policy.max_bytes, wanted.max_bytes),
        hosts=None if wanted.hosts is None else tuple(wanted.hosts),
    )
    (given,) = [*files, *await Bringer(services, folder, tenant, policy=policy).bring(sources)]
    return given, wanted.pipelines[await format_of(services, Path(given.path), given.name, wanted.pipelines)]


async def format_of(services: Services, path: Path, name: str, possible: Collection[str]) -> str:
    """Return the format of a file by its content.

    Raises:
        FilemillError: `INVALID_FILE` for an empty file, `UNSUPPORTED_MEDIA` where it is none of those possible.
    """
    formats = services.registry.formats
    found = (await asyncio.to_thread(formats.sniff, path, name)).format
    if found not in possible:
        known = ", ".join(sorted(possible))
        raise FilemillError(
            ErrorCode.UNSUPPORTED_MEDIA, f"{name!r} is a {formats[found].title} file; possible here: {known}."
        )
    return found


def seconds_left(row: JobRow, order: Order, longest: float) -> float:
    """Return how long a job may take from now on; what a process before this one took is not given again.

    Args:
        row: the job, which has been begun.
        order: what it has to do.
        longest: what the server allows each time.

    Raises:
        FilemillError: `DEADLINE_EXCEEDED` where nothing is left.
    """
    if not isinstance(order, Work) or order.deadline_seconds is None:
        return longest
    left = order.deadline_seconds
    if row.attempts > 1 and row.started_at is not None:
        left -= (datetime.now(UTC) - row.started_at).total_seconds()
    if left <= 0:
        raise FilemillError(
            ErrorCode.DEADLINE_EXCEEDED, f"The job was not done {order.deadline_seconds:g} s after its start."
        )
    return min(longest, left)

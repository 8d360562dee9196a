"""Gathers stored files into one ZIP, piece by piece: it takes no more memory for a thousand than for a few."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from filemill.archive import MEDIA_TYPE, NAME, open_archive, open_member
from filemill.task import Output, output_of
from filemill_server.assets import Asset
from filemill_server.storage import Storage

_AHEAD = 8  # files whose first piece is on its way while another is written: a remote store takes its time


class Member(NamedTuple):
    """A file that is to be in the ZIP: of which part of the batch, under which name."""

    position: int
    name: str
    asset: Asset


class _Begun(NamedTuple):
    first: bytes
    rest: AsyncIterator[bytes]


async def gather(storage: Storage, members: Sequence[Member], folder: Path) -> tuple[Output, set[int]]:
    """Write a ZIP into a folder.

    Returns:
        The ZIP, and the parts of which a file was not in the store any more.
    """
    path = folder / NAME
    written: list[str] = []
    lost: set[int] = set()
    coming: deque[asyncio.Task[_Begun | None]] = deque()
    try:
        with open_archive(path) as archive:
            for index, member in enumerate(members):
                for following in members[index + len(coming) : index + _AHEAD]:
                    coming.append(asyncio.create_task(_begin(storage, following.asset.storage_name)))
                begun = await coming.popleft()
                if begun is None:
                    lost.add(member.position)
                    continue
                with open_member(archive, member.name, member.asset.size) as target:
                    await asyncio.to_thread(target.write, begun.first)
                    async for piece in begun.rest:
                        await asyncio.to_thread(target.write, piece)
                written.append(member.name)
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
    return await asyncio.to_thread(output_of, path, NAME, "zip", MEDIA_TYPE, {"files": written}), lost


async def _begin(storage: Storage, name: str) -> _Begun | None:
    """Read the first piece of a stored file; None where it has gone."""
    stream = storage.stream(name)
    try:
        return _Begun(await anext(stream, b""), stream)
    except FileNotFoundError:
        return None

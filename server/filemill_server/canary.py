"""The work that readiness is tried with: a picture made and encoded by a worker, as any other."""

from __future__ import annotations

import struct
import zlib

from filemill.operation import PictureOperation
from filemill.pipeline import read_steps
from filemill.task import Input, Task, encode_steps
from filemill_server.doing import working_folder
from filemill_server.services import Services

STEPS: list[dict[str, object]] = [{"op": "resize", "width": 8, "format": "jpeg"}]


def png(side: int = 16) -> bytes:
    """Make a grey square as PNG, without a library: chunks of type, data and CRC (PNG specification, section 5)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x80" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def canary(services: Services) -> None:
    """Do a small task in a worker.

    Workers that are all at work are well, for none is beyond its deadline: there is nothing to wait for. Where the
    picture plugin is not installed there is nothing to try but that a worker answers.

    Raises:
        FilemillError: whatever the worker or the queue says.
    """
    registry = services.registry
    if services.pool.is_busy:
        return
    async with working_folder(services.work_folder) as folder:
        path = folder / "canary.png"
        path.write_bytes(png())
        pipelines = [encode_steps(read_steps(registry, STEPS))] if _can_try(services) else []
        task = Task(
            inputs=[Input(str(path), path.name)], pipelines=pipelines, folder=str(folder), limits=services.limits
        )
        await services.pool.run(task)


def _can_try(services: Services) -> bool:
    entry = services.registry.operations.get("resize")
    return entry is not None and issubclass(entry.operation, PictureOperation)

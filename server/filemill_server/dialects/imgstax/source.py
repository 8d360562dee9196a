"""The source of a request, once it is here: what it is decides what is done, where the request leaves that open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct, convert

from filemill.errors import ErrorCode, FilemillError
from filemill.operation import Operation
from filemill.sources import Source
from filemill_server.bodies import Part
from filemill_server.dialects import work
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest


class PictureFacts(Struct, frozen=True, rename="camel"):
    """What the header of a picture tells: format, size in bytes, width and height upright, alpha."""

    format: str
    size_bytes: int
    width: int
    height: int
    has_alpha: bool


@dataclass(frozen=True)
class Brought:
    """A source in the folder of its request."""

    request: HttpRequest
    folder: Path
    part: Part

    def pipeline(self, *steps: Mapping[str, object]) -> Sequence[Operation]:
        """Make a pipeline of plain data."""
        return work.steps(self.request, *steps)

    async def format(self) -> str:
        """Return the name of its format, by its content.

        Raises:
            FilemillError: `UNSUPPORTED_MEDIA` or `INVALID_FILE` where it is of none.
        """
        formats = services_of(self.request).registry.formats
        return (await asyncio.to_thread(formats.sniff, self.part.path, self.part.name)).format

    async def facts(self) -> PictureFacts:
        """Have a worker look at its header.

        Raises:
            FilemillError: it is no picture.
        """
        look = self.pipeline({"op": "picture-info", "exif": False, "colours": 0, "hashes": False})
        made = await work.run(self.request, self.folder, look, files=[self.part])
        return convert(made.outputs[0].facts["data"], PictureFacts)


async def bring(request: HttpRequest, folder: Path, source: Source, limit: int) -> Brought:
    """Bring a source of at most `limit` bytes.

    Raises:
        FilemillError: `INVALID_PARAMETER` with both figures where it has more (IX-14), and whatever else kept it away.
    """
    try:
        return Brought(request, folder, await work.bring(request, folder, source, limit))
    except FilemillError as error:
        if error.code is not ErrorCode.FILE_TOO_LARGE:
            raise
        size, most = error.extra["sizeBytes"], error.extra["limitBytes"]
        detail = f"Source image size ({size} bytes) exceeds maximum allowed size ({most} bytes)"
        raise FilemillError(ErrorCode.FILE_TOO_LARGE, detail) from error

"""Stores what a chain makes: the task `store` and `POST /process` (FS-86, FS-90)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from filemill.errors import invalid
from filemill.task import Output
from filemill_server.assets import Asset
from filemill_server.bodies import Part
from filemill_server.dialects import work
from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.chains import Chain, make
from filemill_server.dialects.filestack.storing import PROVIDER, StoreOptions, store_file
from filemill_server.dialects.filestack.tasks.endings import Store
from filemill_server.dialects.filestack.telling import Event
from filemill_server.doing import working_folder
from filemill_server.presence import while_connected
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

_UNKNOWN = "file"
"""The format of what no format knows."""
_SIDES = ("width", "height")


async def store(request: HttpRequest, chain: Chain, wanted: Store) -> Asset:
    """Do a chain and store its result as a file of the app.

    Raises:
        FilemillError: whatever was wrong.
    """

    async def stored() -> Asset:
        async with working_folder(services_of(request).work_folder) as folder:
            output = await make(request, folder, chain)
            given = await _given(request, folder, output, wanted)
            options = _options(chain, wanted)
            return await store_file(request, chain.payer, given, options, event=Event.CONVERSE)

    return await while_connected(request, stored())


def _options(chain: Chain, wanted: Store) -> StoreOptions:
    urls = [origin.url for origin in chain.origins if origin.url]
    return StoreOptions(
        filename=wanted.filename,
        path=wanted.path,
        container=wanted.container,
        location=wanted.location or PROVIDER,
        source_url=urls[0] if len(chain.origins) == 1 and urls else None,
    )


async def _given(request: HttpRequest, folder: Path, output: Output, wanted: Store) -> Part | Output:
    if wanted.base64decode:
        return await asyncio.to_thread(_decoded, folder, output)
    if output.format == _UNKNOWN:  # its name may say more
        return Part("", Path(output.path), output.name)
    if output.media_type.startswith("image/") and not all(side in output.facts for side in _SIDES):
        look = work.steps(request, {"op": "picture-info", "exif": False, "colours": 0, "hashes": False})
        made = await work.make(request, folder, look, files=[Part("", Path(output.path), output.name)])
        found = made.outputs[0].facts["data"]
        assert isinstance(found, dict)  # it is a step that measures
        return replace(output, facts={side: found[side] for side in _SIDES})
    return output


def _decoded(folder: Path, output: Output) -> Part:
    try:
        text = "".join(Path(output.path).read_text(encoding="ascii").split())
    except UnicodeDecodeError:
        raise invalid("/store/base64decode", "The file is no base64, so that it can't be decoded.") from None
    path = folder / "decoded"
    path.write_bytes(decode_base64(text, "The file"))
    return Part("", path, output.name)

"""Results that are kept: each under an id that is a keyed hash of what it was made of (FS-51)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from filemill_server.assets import Asset
from filemill_server.dialects.filestack.chains import Chain, make
from filemill_server.dialects.filestack.request import Task, Value
from filemill_server.doing import working_folder
from filemill_server.files import is_id
from filemill_server.names import DEFAULT_NAME, clean_name
from filemill_server.services import Services, services_of
from filemill_server.wire import HttpRequest

_PURPOSE = "filestack-transform"
_FILE_OPTIONS = ("file", "files")
"""Options that name further files: other versions of these make other results."""
_UNCHANGING = ("fallback",)


async def kept(request: HttpRequest, chain: Chain, seconds: int) -> Asset:
    """Return the result of a chain: found, or made by one of those who ask for it at once.

    Args:
        request: who asks.
        chain: what is to be done.
        seconds: how long the result is kept.

    Raises:
        FilemillError: whatever was wrong.
    """
    services = services_of(request)
    result_id = await id_of(services, chain)

    async def work() -> Asset:
        async with working_folder(services.work_folder) as folder:
            output = await make(request, folder, chain)
            services.metrics.bytes_out.inc(output.size)
            return await services.assets.add_once(
                Path(output.path),
                id=result_id,
                tenant=chain.payer.tenant,
                filename=clean_name(output.name) or DEFAULT_NAME,
                format=output.format,
                media_type=output.media_type,
                size=output.size,
                sha256=output.sha256,
                facts=output.facts,
                public=False,
                ttl_seconds=seconds,
            )

    return await services.transforms.make(request, result_id, work)


async def id_of(services: Services, chain: Chain) -> str:
    """Return the id of a chain's result; it is another one where any file that goes into it was overwritten."""
    tasks = [task for task in chain.tasks if task.on and task.name not in _UNCHANGING]
    named = sorted({text for text in _named(tasks) if is_id(text)})
    further = await services.assets.get_many(named) if named else {}
    made_of = [
        chain.payer.tenant,
        chain.many,
        [origin.version for origin in chain.origins],
        [(task.name, sorted(task.options.items())) for task in tasks],
        [(handle, asset.sha256) for handle, asset in sorted(further.items())],
        chain.wanted,
    ]
    return services.signer.token(_PURPOSE, msgspec.json.encode(made_of).decode())


def _named(tasks: Sequence[Task]) -> Iterator[str]:
    for task in tasks:
        for option in _FILE_OPTIONS:
            yield from _texts(task.options.get(option, ()))


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for item in value:
            yield from _texts(item)

"""The end of a multipart upload: its parts become one file, which is stored under the handle that it was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset
from filemill_server.bodies import Part
from filemill_server.bodies.spool import Spool
from filemill_server.dialects.filestack.apps import App
from filemill_server.dialects.filestack.multipart.parts import parts_of
from filemill_server.dialects.filestack.multipart.tokens import UploadToken
from filemill_server.dialects.filestack.request import unreadable
from filemill_server.dialects.filestack.storing import StoreOptions, store_file
from filemill_server.doing import working_folder
from filemill_server.services import Services, file_limit_of, services_of
from filemill_server.uploads import Upload
from filemill_server.wire import HttpRequest


async def completed(services: Services, upload: UploadToken) -> Asset | None:
    """Return the file of an upload that was completed; None where it was not, or the file was deleted."""
    asset = await services.assets.get(upload.handle)
    return asset if asset is not None and asset.tenant == upload.tenant else None


async def complete(request: HttpRequest, app: App, upload: UploadToken, named: Mapping[int, str]) -> Asset:
    """Make one file of the parts of an upload. What was completed before, also by another process, is the answer.

    Args:
        request: that asks for it.
        app: whose file it becomes.
        upload: what was started.
        named: the ETags of the parts that its client names.

    Raises:
        FilemillError: `BAD_REQUEST` where the parts are not those of the file, `FILE_TOO_LARGE`.
    """
    services = services_of(request)
    if (before := await completed(services, upload)) is not None:
        return before
    try:
        parts = await _checked(services, upload, named)
        async with working_folder(services.work_folder) as folder:
            path = await _joined(services, parts, folder / "file", file_limit_of(request))
            made = await _stored(request, app, upload, path)
    except (FilemillError, FileNotFoundError, IntegrityError) as error:
        # Another process was quicker: it has stored the file, and ended the parts.
        if (theirs := await completed(services, upload)) is not None:
            return theirs
        if isinstance(error, FilemillError):
            raise
        raise FilemillError(ErrorCode.CONFLICT, "The parts changed while they were joined.") from None
    await services.uploads.delete_many(parts)
    return made


async def _checked(services: Services, upload: UploadToken, named: Mapping[int, str]) -> Sequence[Upload]:
    parts = await parts_of(services, upload, named)
    if (size := sum(part.size for part in parts)) != upload.size:
        raise unreadable(f"The {len(parts)} parts have {size} bytes together; the file was to have {upload.size}.")
    return parts


async def _joined(services: Services, parts: Sequence[Upload], path: Path, limit: int) -> Path:
    with Spool(path, limit) as spool:
        for part in parts:
            async for piece in services.storage.stream(part.storage_name):
                await spool.write(piece)
    return path


async def _stored(request: HttpRequest, app: App, upload: UploadToken, path: Path) -> Asset:
    options = StoreOptions(
        filename=upload.filename,
        mimetype=upload.mimetype,
        path=upload.store.path,
        container=upload.store.container,
        **({"location": upload.store.location} if upload.store.location else {}),
    )
    part = Part("file", path, upload.filename or "")
    return await store_file(request, app, part, options, handle=upload.handle)

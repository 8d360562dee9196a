"""Brings the inputs of a request into its working folder, wherever they come from (NA-24)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from msgspec.structs import replace

from filemill.errors import Fault, FilemillError, invalid
from filemill.faults import refuse
from filemill.sources import Source
from filemill.task import Input
from filemill_server.bodies import Part
from filemill_server.bodies.spool import too_large
from filemill_server.fetch.client import fetch
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.files import StoredFile
from filemill_server.folder import too_large as file_too_large
from filemill_server.names import DEFAULT_NAME, clean_name
from filemill_server.plans.plan import Plan
from filemill_server.plans.sizes import PlanBytes, file_limit
from filemill_server.services import Services
from filemill_server.storage import Storage

PART = "part:"
"""Prefix of the upload ids that stand for a file part of the same request."""

_PARALLEL = 4  # sources of one request brought at a time


class Bringer:
    """Brings sources for one request.

    Args:
        services: of the server.
        folder: the request's working folder.
        tenant: whose uploads and assets may be read.
        parts: the request's file parts, by parameter name.
        plan: whose limits hold beside the server's; None: no plan's.
        limit: bytes of one source, in place of what the plan allows.
        policy: of fetches; default: the server's, within the limit.
    """

    def __init__(
        self,
        services: Services,
        folder: Path,
        tenant: str,
        parts: Mapping[str, Part] = {},
        plan: Plan | None = None,
        limit: int | None = None,
        policy: FetchPolicy | None = None,
    ) -> None:
        self._services = services
        self._folder = folder
        self._tenant = tenant
        self._parts = parts
        self._gate = asyncio.Semaphore(_PARALLEL)
        most = services.settings.max_upload_bytes
        self._limit = file_limit(most, plan) if limit is None else min(limit, most)
        # What is kept here kept to the server's limit when it came; less may be allowed now.
        self._is_less = limit is not None or isinstance(self._limit, PlanBytes)
        own = services.fetch_policy
        self._policy = policy or replace(own, max_bytes=min(self._limit, own.max_bytes))

    async def bring(self, sources: Sequence[tuple[str, Source]]) -> list[Input]:
        """Bring sources, given with their JSON pointers.

        Raises:
            FilemillError: of the first source that can't be had.
        """
        work = [asyncio.ensure_future(self._gated(*given)) for given in sources]
        try:
            return list(await asyncio.gather(*work))
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _gated(self, pointer: str, source: Source) -> Input:
        async with self._gate:
            return await self._one(pointer, source)

    async def _one(self, pointer: str, source: Source) -> Input:
        path = self._folder / f"source-{pointer.replace('/', '-')}"
        if source.url is not None:
            try:
                fetched = await fetch(source.url, path, policy=self._policy, headers=source.headers or {})
            except FilemillError as error:
                faults = [Fault(pointer + fault.pointer, fault.detail) for fault in error.faults]
                refused = FilemillError(error.code, error.detail, faults=faults)
                refused.extra |= error.extra
                raise refused from error
            return Input(str(path), fetched.name or DEFAULT_NAME)
        if source.upload_id is not None:
            return await self._upload(f"{pointer}/uploadId", source.upload_id, path)
        if source.asset_id is not None:
            asset = await self._services.assets.get(source.asset_id)
            if asset is None or asset.tenant != self._tenant:
                raise invalid(f"{pointer}/assetId", "There is no such asset, or it has expired.")
            return await self._kept(asset, path)
        if source.storage_key is not None:
            return await self._stored(f"{pointer}/storageKey", source.storage_key, path)
        assert source.base64 is not None
        await asyncio.to_thread(path.write_bytes, decode_base64(f"{pointer}/base64", source.base64, self._limit))
        return Input(str(path), DEFAULT_NAME)

    async def _upload(self, pointer: str, upload_id: str, path: Path) -> Input:
        if upload_id.startswith(PART) and (part := self._parts.get(upload_id.removeprefix(PART))) is not None:
            return Input(str(part.path), part.name)
        upload = await self._services.uploads.get(upload_id)
        if upload is None or upload.tenant != self._tenant:
            raise invalid(pointer, "There is no such upload, or it has expired.")
        return await self._kept(upload, path)

    async def _kept(self, file: StoredFile, path: Path) -> Input:
        if self._is_less and file.size > self._limit:
            raise file_too_large(file.filename, file.size, self._limit)
        await self._services.storage.fetch(file.storage_name, path)
        return Input(str(path), file.filename)

    async def _stored(self, pointer: str, name: str, path: Path) -> Input:
        store: Storage | None = self._services.source_storage
        if store is None:
            raise invalid(pointer, "This server has no source storage (FILEMILL_SOURCE_STORAGE_URL).")
        parts = name.split("/")
        if not name or any(part in ("", ".", "..") for part in parts) or "\\" in name or not name.isprintable():
            raise invalid(pointer, "A storage key is a relative path without empty, '.' and '..' parts.")
        try:
            await store.fetch(name, path, limit=self._limit)
        except FileNotFoundError:
            raise invalid(pointer, f"There is no {name!r} in the source storage.") from None
        return Input(str(path), clean_name(name) or DEFAULT_NAME)


def decode_base64(pointer: str, text: str, limit: int) -> bytes:
    """Decode base64, standard or URL-safe, alone or as a data URL.

    Args:
        pointer: of the text, for what is wrong with it.
        text: the base64; white space in it is left out, padding may be absent.
        limit: bytes of what is decoded.

    Raises:
        FilemillError: `INVALID_PARAMETER` where it is none, `FILE_TOO_LARGE`.
    """
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma:
            raise invalid(pointer, "The data URL has no comma before its data.")
        data = _base64(pointer, text) if head.endswith(";base64") else unquote_to_bytes(text)
    else:
        data = _base64(pointer, text)
    if len(data) > limit:
        raise too_large(limit, "The file")
    return data


def _base64(pointer: str, text: str) -> bytes:
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError as error:  # also of signs that are not ASCII
        raise refuse([Fault(pointer, f"This is not base64: {error}.")]) from None

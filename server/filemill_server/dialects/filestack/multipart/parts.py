"""The parts of multipart uploads, kept as uploads whose ids follow from what they are parts of."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence

from filemill_server.dialects.filestack.multipart.asked import MAX_PARTS
from filemill_server.dialects.filestack.multipart.tokens import Ticket, UploadToken, left
from filemill_server.dialects.filestack.request import unreadable
from filemill_server.services import Services
from filemill_server.storage import CHUNK
from filemill_server.uploads import Upload

_LOOKED_FOR = 500
"""Parts whose first chunk is looked for at once, beyond those that are known."""


def part_id(upload: UploadToken, part: int, offset: int | None) -> str:
    """Return the id that keeps a part, or with an offset a chunk of it: sent again, it is the same one.

    It does not depend on the server's secret, which may change while the upload goes on.
    """
    where = "whole" if offset is None else str(offset)
    digest = hmac.digest(upload.parts_key.encode(), f"{part}\n{where}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def receive(services: Services, ticket: Ticket, chunks: AsyncIterator[bytes], md5: str | None) -> str:
    """Keep the bytes of a part while they arrive, in place of those that it had before.

    Args:
        services: of the server.
        ticket: the right to send it.
        chunks: the bytes.
        md5: that the request itself states, hexadecimal.

    Returns:
        Their MD5, hexadecimal.

    Raises:
        FilemillError: `BAD_REQUEST` where they are not those that were announced; nothing is kept then.
    """
    checked = _Checked(ticket.size, {digest for digest in (ticket.md5, md5) if digest is not None})
    name = await services.uploads.new_name()
    await services.storage.write(name, checked.of(chunks), ticket.size)
    digest = checked.md5.hexdigest()
    await services.uploads.add_over(
        name,
        id=ticket.id,
        tenant=ticket.tenant,
        filename=digest,  # what the client shows again as its ETag
        format="file",
        media_type="application/octet-stream",
        size=ticket.size,
        sha256=checked.sha256.hexdigest(),
        ttl_seconds=max(left(ticket.ends), 0),
    )
    return digest


async def parts_of(services: Services, upload: UploadToken, named: Mapping[int, str]) -> Sequence[Upload]:
    """Return what a file consists of, in its order.

    A part that the client names is the one that was sent whole. Of an intelligent upload every other part is what
    its chunks hold, each beginning where the one before ends: what was sent again in smaller chunks counts as that.

    Raises:
        FilemillError: `BAD_REQUEST` where a named part is not there, or has another ETag.
    """
    wholes = await _wholes(services, upload, named)
    chunks = await _chunks(services, upload, named) if upload.intelligent else {}
    return [one for part in sorted({*wholes, *chunks}) for one in wholes.get(part) or chunks[part]]


async def chunks_of(services: Services, upload: UploadToken, part: int) -> Sequence[Upload]:
    """Return the chunks of one part, in their order."""
    return (await _walked(services, upload, [part])).get(part, [])


async def _wholes(services: Services, upload: UploadToken, named: Mapping[int, str]) -> Mapping[int, Sequence[Upload]]:
    ids = {part: part_id(upload, part, None) for part in named}
    found = await services.uploads.get_many(list(ids.values()))
    for part, etag in named.items():
        if (kept := found.get(ids[part])) is None:
            raise unreadable(f"Part {part} is named, but was not sent.")
        if kept.filename != etag.lower():
            raise unreadable(f"Part {part} has the ETag {kept.filename}, not the one that is named.")
    return {part: [found[key]] for part, key in ids.items()}


async def _chunks(services: Services, upload: UploadToken, named: Mapping[int, str]) -> Mapping[int, Sequence[Upload]]:
    """Return the chunks of all parts that are not named, which nobody has counted."""
    found: dict[int, Sequence[Upload]] = {}
    last = max(named, default=0)
    for first in range(1, MAX_PARTS + 1, _LOOKED_FOR):
        looked_for = range(first, min(first + _LOOKED_FOR, MAX_PARTS + 1))
        found |= await _walked(services, upload, [part for part in looked_for if part not in named])
        if looked_for[-1] > last and not (looked_for[-1] in found or looked_for[-1] in named):
            break
    return found


async def _walked(services: Services, upload: UploadToken, parts: Sequence[int]) -> dict[int, list[Upload]]:
    """Return the chunks of parts, walked from offset 0 all at the same time."""
    found: dict[int, list[Upload]] = {}
    at = dict.fromkeys(parts, 0)
    while at:
        ids = {part: part_id(upload, part, offset) for part, offset in at.items()}
        kept = await services.uploads.get_many(list(ids.values()))
        here = {part: kept[key] for part, key in ids.items() if key in kept}
        for part, chunk in here.items():
            found.setdefault(part, []).append(chunk)
        at = {part: at[part] + chunk.size for part, chunk in here.items()}
    return found


class _Checked:
    """Bytes on their way into the store, of which the size and the MD5 are known before."""

    def __init__(self, size: int, digests: set[str]) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()
        self._size = size
        self._digests = digests

    async def of(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give the bytes in larger pieces; raise in place of an end that is not right."""
        size = 0
        held = bytearray()
        async for chunk in chunks:
            size += len(chunk)
            if size > self._size:
                raise unreadable(f"More than the {self._size} bytes came that were announced.")
            held += chunk
            if len(held) >= CHUNK:
                yield await self._passed(bytes(held))
                held.clear()
        if held:
            yield await self._passed(bytes(held))
        if size < self._size:
            raise unreadable(f"{size} bytes came; {self._size} were announced.")
        if self._digests - {self.md5.hexdigest()}:
            raise unreadable(f"The MD5 of what came is {self.md5.hexdigest()}, not the one that was announced.")

    async def _passed(self, piece: bytes) -> bytes:
        await asyncio.to_thread(self._update, piece)
        return piece

    def _update(self, piece: bytes) -> None:
        self.md5.update(piece)
        self.sha256.update(piece)

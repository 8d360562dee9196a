"""Uploads that are kept in place of others, and many that end at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from filemill_server.storage import Storage
from filemill_server.uploads import Upload, Uploads

pytestmark = pytest.mark.anyio


async def put(uploads: Uploads, storage: Storage, data: bytes, id: str = "part") -> Upload:
    """Keep bytes under an id."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    name = await uploads.new_name()
    await storage.write(name, chunks(), len(data))
    return await uploads.add_over(
        name,
        id=id,
        tenant="shop",
        filename="part",
        format="file",
        media_type="application/octet-stream",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


async def stored(storage: Storage) -> list[bytes]:
    """Return all bytes in the store."""
    names = [entry.name async for page in storage.names() for entry in page]
    return [b"".join([piece async for piece in storage.stream(name)]) for name in names]


async def test_in_place(uploads: Uploads, storage: Storage) -> None:
    """The last bytes of an id count, also where many come at once; what they replaced is gone from the store."""
    await put(uploads, storage, b"first")
    await asyncio.gather(*(put(uploads, storage, b"%d" % number) for number in range(4)))
    last = await put(uploads, storage, b"last")
    assert await uploads.get("part") == last
    assert await stored(storage) == [b"last"]


async def test_many_end(uploads: Uploads, storage: Storage) -> None:
    """Many uploads end with their bytes; others stay."""
    kept = [await put(uploads, storage, b"%d" % number, f"id-{number}") for number in range(4)]
    await uploads.delete_many(kept[:3])
    assert await uploads.get_many([upload.id for upload in kept]) == {"id-3": kept[3]}
    assert await stored(storage) == [b"3"]

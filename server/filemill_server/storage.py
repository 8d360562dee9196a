"""Where bytes are kept: a local folder by default, or an object store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

from filemill_server.folder import Folder, too_large
from filemill_server.outages import outage, storage_outages
from filemill_server.storage_url import check_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

CHUNK = 1 << 20
"""Bytes of one piece of a stream, about."""
_PART = 5 << 20
_PARALLEL_PARTS = 1  # and one more that fills meanwhile; each costs about 8 MB of memory
_MAX_PARTS = 9_000  # S3 takes 10,000
_CHECK = b"filemill"


class Entry(NamedTuple):
    """A stored file: its name and when it was put there."""

    name: str
    modified: datetime


class Storage:
    """A store of files by name. A file is there whole or not at all, and never changes.

    Where the store does not answer, or has no room, whatever is asked of it is the `FilemillError` `OVERLOADED`.

    Made by `open` for what the server keeps, and by `open_sources` for files of the operator.
    """

    def __init__(self, store: ObjectStore, folder: Folder | None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def open(cls, url: str | None, folder: Path) -> Self:
        """Open a store.

        Args:
            url: `file:///PATH`, `s3://BUCKET/PREFIX`, `gs://…`, `az://…` or `memory://`; credentials and endpoints
                come from the environment of the cloud's own tools (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
            folder: the local folder where there is no URL; it is made where it is missing.

        Raises:
            ValueError: the URL is of no known store.
        """
        if url is not None:
            check_url(url)
        if url is None or url.startswith("file:"):
            root = folder if url is None else Path(url2pathname(urlsplit(url).path))
            root.mkdir(parents=True, exist_ok=True)
            return cls(LocalStore(root), Folder(root))
        return cls(_remote(url), None)

    @classmethod
    def open_sources(cls, url: str) -> Self:
        """Open a store that is only read from; a local folder must exist.

        Raises:
            ValueError: the URL is of no known store, or the folder does not exist.
        """
        check_url(url)
        if not url.startswith("file:"):
            return cls(_remote(url), None)
        root = Path(url2pathname(urlsplit(url).path))
        if not root.is_dir():
            raise ValueError(f"there is no folder {root}")
        return cls(LocalStore(root), Folder(root))

    async def adopt(self, path: Path, name: str) -> None:
        """Take over a finished local file under a new name. The file may be gone afterwards.

        When this returns, the bytes survive a crash of the machine as far as the store can promise that.
        """
        if self._folder is not None:
            with storage_outages():
                await asyncio.to_thread(self._folder.adopt, path, name)
            return
        if (size := path.stat().st_size) > _PART:  # given the path, obstore holds three times as much in memory
            await self.write(name, _chunks(path), size)
            return
        with storage_outages():
            try:
                await obstore.put_async(self._store, name, path, use_multipart=False)
            except FileNotFoundError as error:
                if not path.exists():
                    raise
                raise outage("storage", error) from error  # it is the bucket that is not there

    async def write(self, name: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """Write a stream under a new name; as with `adopt`, it is there when all of it is.

        Args:
            name: the name.
            chunks: the bytes; what they raise is raised, and nothing is there then.
            size: how many they will be, about.
        """
        if self._folder is not None:
            with storage_outages():
                await self._folder.write(name, chunks)
            return
        part = max(_PART, size // _MAX_PARTS)
        with storage_outages():
            await obstore.put_async(self._store, name, chunks, chunk_size=part, max_concurrency=_PARALLEL_PARTS)

    async def stream(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Give the bytes from `start` up to but not including `end`, piece by piece.

        Raises:
            FileNotFoundError: there is no such file; before the first piece.
        """
        if end is not None and end <= start:
            return
        if self._folder is not None:
            with storage_outages():
                async for piece in self._folder.stream(name, start, end):
                    yield piece
            return
        with storage_outages():
            result = await self._get(name, start, end)
            async for chunk in result.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    async def begin(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Give what `stream` gives when its first piece is there, so that an answer is not begun in vain.

        Raises:
            FileNotFoundError: there is no such file.
        """
        stream = self.stream(name, start, end)
        first = await anext(stream, b"")

        async def pieces() -> AsyncIterator[bytes]:
            yield first
            async for piece in stream:
                yield piece

        return pieces()

    async def fetch(self, name: str, path: Path, *, limit: int | None = None) -> int:
        """Copy a file to a new local file and return its size.

        Raises:
            FileNotFoundError: there is no such file.
            FilemillError: `FILE_TOO_LARGE` where it has more bytes than the limit.
        """
        if self._folder is not None:
            with storage_outages():
                return await asyncio.to_thread(self._folder.copy, name, path, limit)
        with storage_outages():
            result = await self._get(name, 0, None)
            size = result.meta["size"]
            if limit is not None and size > limit:
                raise too_large(name, size, limit)
            with path.open("xb") as file:
                try:
                    async for chunk in result.stream(min_chunk_size=CHUNK):
                        await asyncio.to_thread(file.write, chunk)
                except BaseException:
                    path.unlink()
                    raise
        return size

    async def copy(self, name: str, new: str) -> None:
        """Put the bytes of a file under a second, new name.

        Raises:
            FileNotFoundError: there is no such file.
        """
        if self._folder is not None:
            with storage_outages():
                await asyncio.to_thread(self._folder.link, name, new)
            return
        with storage_outages():
            await obstore.copy_async(self._store, name, new)

    async def delete(self, names: Sequence[str]) -> None:
        """Delete files; those that are not there don't matter."""
        if self._folder is not None:
            with storage_outages():
                await asyncio.to_thread(self._folder.delete, names)
            return
        with storage_outages():
            try:
                if names:
                    await obstore.delete_async(self._store, list(names))
            except FileNotFoundError:  # some stores refuse the whole list for one
                for name in names:
                    await self._delete_one(name)

    async def names(self, prefix: str = "") -> AsyncIterator[Sequence[Entry]]:
        """List the files under a folder of the store, in pages."""
        with storage_outages():
            async for page in obstore.list(self._store, prefix or None, chunk_size=1000):
                yield [Entry(entry["path"], entry["last_modified"]) for entry in page]

    async def check(self) -> None:
        """Write, read and delete a small file.

        Raises:
            OSError: the store does not work.
        """
        name = f"check/{secrets.token_hex(8)}"
        if self._folder is not None:
            await asyncio.to_thread(self._folder.check)  # what follows would make it
        try:
            await obstore.put_async(self._store, name, _CHECK)
            try:
                result = await obstore.get_async(self._store, name)
                if bytes(await result.bytes_async()) != _CHECK:
                    raise OSError("the store gives back other bytes than it was given")
            finally:
                await obstore.delete_async(self._store, name)
        except (BaseError, OSError) as error:
            raise OSError(str(error).partition("\n")[0]) from error

    async def _get(self, name: str, start: int, end: int | None) -> obstore.GetResult:
        if start == 0 and end is None:
            return await obstore.get_async(self._store, name)
        span: tuple[int, int] | obstore.OffsetRange = {"offset": start} if end is None else (start, end)
        return await obstore.get_async(self._store, name, options={"range": span})

    async def _delete_one(self, name: str) -> None:
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _remote(url: str) -> ObjectStore:
    """Open an object store. A large file may take long; a silent connection may not, nor a store that is away."""
    options: ClientConfig = {
        "timeout": timedelta(hours=6),
        "read_timeout": timedelta(seconds=60),
        "connect_timeout": timedelta(seconds=3),
        "allow_http": True,  # only an endpoint that the operator named with http:// is spoken to so
    }
    retry: RetryConfig = {
        "max_retries": 5,
        "retry_timeout": timedelta(seconds=6),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
    }
    match urlsplit(url).scheme:
        case "s3":
            return S3Store.from_url(url, client_options=options, retry_config=retry)
        case "gs":
            return GCSStore.from_url(url, client_options=options, retry_config=retry)
        case "az":
            return AzureStore.from_url(url, client_options=options, retry_config=retry)
        case _:
            return MemoryStore()

"""Stores: a local folder, memory, and S3."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.folder import Folder
from filemill_server.storage import Storage
from filemill_server.storage_url import check_url
from real_parts import ObjectStoreServer

pytestmark = pytest.mark.anyio

BYTES = bytes(range(256)) * 12_000
"""More than one piece of a stream."""


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A store of each kind."""
    url = None if request.param == "folder" else "memory://"
    if request.param == "s3":
        server: ObjectStoreServer = request.getfixturevalue("object_store")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        for name, value in server.environment.items():
            patch.setenv(name, value)
        url = f"s3://{server.new_bucket()}/some/prefix"
    return Storage.open(url, tmp_path / "files")


async def read(store: Storage, name: str, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes of a stream."""
    return b"".join([piece async for piece in store.stream(name, start, end)])


async def names(store: Storage, prefix: str = "") -> list[str]:
    """Return the names in a store."""
    return sorted([entry.name async for page in store.names(prefix) for entry in page])


def finished(path: Path, data: bytes = BYTES) -> Path:
    """Make a finished file."""
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [b"", b"x", BYTES])
async def test_bytes_come_back(store: Storage, tmp_path: Path, data: bytes) -> None:
    """What a store took over it gives back, as a stream and as a file."""
    await store.adopt(finished(tmp_path / "made", data), "a/b c-é")
    assert await read(store, "a/b c-é") == data
    assert await store.fetch("a/b c-é", tmp_path / "copy") == len(data)
    assert (tmp_path / "copy").read_bytes() == data


@pytest.mark.parametrize("pieces", [[], [b"x"], [BYTES, b"", BYTES[:100]], [BYTES] * 4])
async def test_streams_are_written(store: Storage, pieces: list[bytes]) -> None:
    """What comes as a stream is a file like any other."""

    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    await store.write("a/b", chunks(), sum(map(len, pieces)))
    assert await read(store, "a/b") == b"".join(pieces)
    assert await names(store) == ["a/b"]


async def test_a_broken_stream_leaves_nothing(store: Storage) -> None:
    """NA-42: a file whose bytes did not all come is not there."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield BYTES
        raise ValueError("the sender is gone")

    with pytest.raises(ValueError, match="the sender is gone"):
        await store.write("a/b", chunks(), 5 * len(BYTES))
    assert await names(store) == []


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1, 2_000_000), (len(BYTES) - 1, None), (5, 5), (100, len(BYTES)), (0, len(BYTES) + 9)]
)
async def test_ranges(store: Storage, tmp_path: Path, start: int, end: int | None) -> None:
    """A stream gives the bytes from start up to but not including end."""
    await store.adopt(finished(tmp_path / "made"), "a/b")
    assert await read(store, "a/b", start, end) == BYTES[start:end]


async def test_what_is_absent_is_not_found(store: Storage, tmp_path: Path) -> None:
    """Reading, fetching or copying what is not there is FileNotFoundError and leaves nothing."""
    with pytest.raises(FileNotFoundError):
        await read(store, "a/b")
    with pytest.raises(FileNotFoundError):
        await store.fetch("a/b", tmp_path / "copy")
    with pytest.raises(FileNotFoundError):
        await store.copy("a/b", "a/c")
    assert not (tmp_path / "copy").exists()
    assert await names(store) == []


async def test_copies_live_alone(store: Storage, tmp_path: Path) -> None:
    """A copy in the store outlives what it was made of."""
    await store.adopt(finished(tmp_path / "made"), "a/b")
    await store.copy("a/b", "c/d")
    await store.delete(["a/b"])
    assert await names(store) == ["c/d"]
    assert await read(store, "c/d") == BYTES


async def test_fetched_files_are_independent(store: Storage, tmp_path: Path) -> None:
    """Whoever writes into a fetched file does not change the store."""
    await store.adopt(finished(tmp_path / "made"), "a/b")
    await store.fetch("a/b", tmp_path / "copy")
    with (tmp_path / "copy").open("r+b") as file:
        file.write(b"changed")
    assert await read(store, "a/b") == BYTES


async def test_deleting_is_forgiving(store: Storage, tmp_path: Path) -> None:
    """What is there is deleted, what is not there does not matter."""
    for name in ("a/1", "a/2", "b/3"):
        await store.adopt(finished(tmp_path / "made", b"x"), name)
    await store.delete(["a/1", "a/absent", "b/3"])
    assert await names(store) == ["a/2"]
    await store.delete([])


async def test_names_are_listed_by_folder(store: Storage, tmp_path: Path) -> None:
    """The list holds the names under a folder, and when each was put there."""
    begin = datetime.now(UTC) - timedelta(seconds=2)
    for name in ("a/1", "a/x/2", "ab/3"):
        made = finished(tmp_path / "made", b"x")
        os.utime(made, (1, 1))
        await store.adopt(made, name)
    assert await names(store, "a") == ["a/1", "a/x/2"]
    assert await names(store, "absent") == []
    entries = [entry async for page in store.names() for entry in page]
    assert len(entries) == 3
    assert all(begin <= entry.modified <= datetime.now(UTC) + timedelta(seconds=2) for entry in entries)


async def test_too_large_sources_are_refused(store: Storage, tmp_path: Path) -> None:
    """A limit is checked before anything is read."""
    await store.adopt(finished(tmp_path / "made"), "a/b")
    with pytest.raises(FilemillError) as caught:
        await store.fetch("a/b", tmp_path / "copy", limit=len(BYTES) - 1)
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE
    assert not (tmp_path / "copy").exists()
    await store.fetch("a/b", tmp_path / "copy", limit=len(BYTES))


async def test_check_leaves_nothing(store: Storage) -> None:
    """NA-83: the check writes, reads and deletes."""
    await store.check()
    assert await names(store) == []


async def test_check_fails_where_nothing_works(
    object_store: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """NA-83: a store that does not work is an OSError with one line."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OSError, match=r".+") as caught:
        await Storage.open("s3://no-such-bucket", tmp_path).check()
    assert "\n" not in str(caught.value)


async def test_file_from_another_file_system(tmp_path: Path) -> None:
    """A working folder in memory is fine: the file is copied aside and then moved into place."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    path = finished(memory / f"filemill-test-{os.getpid()}")
    try:
        store = Storage.open(f"file://{tmp_path}/files", tmp_path)
        await store.adopt(path, "a/b")
        assert await read(store, "a/b") == BYTES
        assert await names(store) == ["a/b"]
        await store.fetch("a/b", memory / f"{path.name}-copy")
        assert (memory / f"{path.name}-copy").read_bytes() == BYTES
    finally:
        path.unlink(missing_ok=True)
        (memory / f"{path.name}-copy").unlink(missing_ok=True)


async def test_one_bad_file_spoils_no_other(tmp_path: Path) -> None:
    """Of files taken over together, one that is missing fails alone."""
    store = Storage.open(None, tmp_path / "files")
    paths = [finished(tmp_path / f"made-{number}", b"x") for number in range(10)]
    paths[4].unlink()
    outcomes = await asyncio.gather(
        *(store.adopt(path, f"a/{index}") for index, path in enumerate(paths)), return_exceptions=True
    )
    assert [isinstance(outcome, FileNotFoundError) for outcome in outcomes] == [index == 4 for index in range(10)]
    assert len(await names(store)) == 9


@pytest.mark.parametrize("how", ["adopt", "copy", "write"])
async def test_store_that_goes_away_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """A folder that goes away in the middle of a write is an outage, and no file that was not found."""
    store = Storage.open(None, tmp_path / "files")
    await store.adopt(finished(tmp_path / "first"), "a/first")
    made = finished(tmp_path / "made")

    def leave() -> None:
        (tmp_path / "files").rename(tmp_path / "away")

    def make_and_leave(folder: Folder, path: Path, make: Callable[[Folder, Path], None] = Folder._make) -> None:
        make(folder, path)
        if path.name == "a":
            leave()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"
        leave()

    if how != "write":
        monkeypatch.setattr(Folder, "_make", make_and_leave)
    ways = {
        "adopt": lambda: store.adopt(made, "a/second"),
        "copy": lambda: store.copy("a/first", "a/second"),
        "write": lambda: store.write("a/second", pieces(), 1),
    }
    with pytest.raises(FilemillError) as caught:
        await ways[how]()
    assert caught.value.code is ErrorCode.OVERLOADED
    assert caught.value.retry_after


async def test_sources_are_plain_files_in_an_existing_folder(tmp_path: Path) -> None:
    """NA-24: the operator's folder is not made; a folder or a pipe in it is no source and blocks nothing."""
    with pytest.raises(ValueError, match="no folder"):
        Storage.open_sources(f"file://{tmp_path}/absent")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    finished(tmp_path / "plain")
    store = Storage.open_sources(f"file://{tmp_path}")
    for name in ("pipe", "folder", "plain/x", "absent"):
        with pytest.raises(FileNotFoundError):
            await store.fetch(name, tmp_path / "copy")
    assert await store.fetch("plain", tmp_path / "copy") == len(BYTES)


def test_bytes_are_synced_before_they_are_named(tmp_path: Path) -> None:
    """NA-42: the file is synced, its folder is made to last, the file is moved there, the folder is synced."""
    script = (
        "import asyncio, sys, pathlib; from filemill_server.storage import Storage\n"
        "async def main():\n"
        "    store = Storage.open(None, pathlib.Path(sys.argv[1]) / 'files')\n"
        "    await store.adopt(pathlib.Path(sys.argv[1]) / 'made', 'a/b')\n"
        "calls = []\n"
        "sys.addaudithook(lambda name, args: calls.append((name, str(args[0]))) if name in ('open', 'os.rename')"
        " else None)\n"
        "import os; sync = os.fsync\n"
        "os.fsync = lambda fd: (calls.append(('fsync', os.readlink(f'/proc/self/fd/{fd}'))), sync(fd))[1]\n"
        "asyncio.run(main())\n"
        "print([(name, pathlib.Path(path).name) for name, path in calls if name != 'open'])\n"
    )
    finished(tmp_path / "made")
    out = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[('fsync', 'made'), ('fsync', 'files'), ('os.rename', 'made'), ('fsync', 'a')]"


@pytest.mark.parametrize("url", ["ftp://h/x", "/srv/files", "file://srv/files", "file:srv", "s3://", "", "gs:///x"])
def test_malformed_urls_are_refused(url: str) -> None:
    """A URL of no known store, or without its bucket, is refused with what would be right."""
    with pytest.raises(ValueError, match="://"):
        check_url(url)


async def test_stream_holds_little_memory(tmp_path: Path) -> None:
    """A stream's pieces are small, however large the file, and it may be left at any point."""
    path = tmp_path / "made"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    store = Storage.open(None, tmp_path / "files")
    begin = time.monotonic()
    await store.adopt(path, "a/b")
    async for piece in store.stream("a/b"):
        assert len(piece) <= 1 << 20
        break
    assert time.monotonic() - begin < 10
